/* The publisher for the page: camera and microphone, the connection, the supervisor's voice, the screen kept on. */
import { onBeforeUnmount, ref, type Ref, shallowRef } from 'vue'
import { CameraError, type CameraChoice, type CameraTrouble, openBoth, openCamera, otherCamera } from './camera'
import { WhipConnection } from './connection'
import type { DeviceKey } from './device_key'
import { Publisher } from './publisher'
import { IDLE, type PublishStatus } from './status'
import { WakeLock } from './wake_lock'

export interface Publishing {
  readonly status: Readonly<Ref<PublishStatus>>
  readonly picture: Readonly<Ref<MediaStreamTrack | null>>
  readonly cameraTrouble: Readonly<Ref<CameraTrouble | null>>
  /** The camera was open and was taken away: by another app, or because the page was in the background. */
  readonly cameraLost: Readonly<Ref<boolean>>
  /** Whether there is a microphone, and it is heard. */
  readonly sound: Readonly<Ref<'none' | 'on' | 'off'>>
  readonly voice: Readonly<Ref<MediaStream | null>>
  readonly severalCameras: Readonly<Ref<boolean>>
  start(who: DeviceKey): Promise<void>
  stop(): Promise<void>
  toggleSound(): void
  turnCamera(): Promise<void>
}

export function usePublisher(): Publishing {
  const status = shallowRef<PublishStatus>(IDLE)
  const picture = shallowRef<MediaStreamTrack | null>(null)
  const cameraTrouble = ref<CameraTrouble | null>(null)
  const cameraLost = ref(false)
  const sound = ref<'none' | 'on' | 'off'>('none')
  const voice = shallowRef<MediaStream | null>(null)
  const severalCameras = ref(false)
  const wakeLock = new WakeLock()
  let choice: CameraChoice = { facing: 'environment' }
  let microphone: MediaStreamTrack | null = null
  let publisher: Publisher | null = null
  let turning = false

  async function start(who: DeviceKey): Promise<void> {
    if (publisher !== null) return
    cameraTrouble.value = null
    let opened
    try {
      opened = await openBoth(choice)
    } catch (error) {
      if (!(error instanceof CameraError)) throw error
      cameraTrouble.value = error.trouble
      return
    }
    show(opened.picture)
    microphone = opened.sound
    sound.value = microphone === null ? 'none' : 'on'
    publisher = new Publisher(
      opened,
      {
        connect: (tracks, events) => new WhipConnection(who, tracks, events),
        random: Math.random,
        nowMs: () => performance.now(),
        clockMs: () => Date.now(),
        setTimer: (callback, ms) => window.setTimeout(callback, ms),
        clearTimer: (id) => window.clearTimeout(id),
      },
      (now) => {
        status.value = now
        if (now.state === 'refused' || now.state === 'ended') letGo()
      },
      (stream) => (voice.value = stream),
    )
    publisher.start()
    wakeLock.on()
    severalCameras.value = (await otherCamera(opened.picture)) !== null
  }

  async function stop(): Promise<void> {
    const ending = publisher
    publisher = null
    await ending?.stop()
    letGo()
  }

  /** What the camera's light says is true. */
  function letGo(): void {
    publisher = null
    wakeLock.off()
    picture.value?.stop()
    microphone?.stop()
    picture.value = microphone = voice.value = null
    sound.value = 'none'
    cameraLost.value = false
  }

  function toggleSound(): void {
    if (microphone === null) return
    microphone.enabled = !microphone.enabled
    sound.value = microphone.enabled ? 'on' : 'off'
  }

  async function turnCamera(): Promise<void> {
    const before = picture.value
    if (before === null || turning) return
    turning = true
    try {
      const other = await otherCamera(before)
      if (other === null) return
      choice = other
      await reopen(before)
    } finally {
      turning = false
    }
  }

  /** Phones open one camera at a time: the old one is let go of first. */
  async function reopen(before: MediaStreamTrack): Promise<void> {
    before.stop()
    try {
      const track = await openCamera(choice)
      if (publisher === null) {
        track.stop()
        return
      }
      show(track)
      await publisher.setPicture(track)
    } catch (error) {
      if (!(error instanceof CameraError)) throw error
      cameraLost.value = true
    }
  }

  function show(track: MediaStreamTrack): void {
    picture.value = track
    cameraLost.value = false
    // Told only where somebody else ended it, never after our own stop().
    track.addEventListener('ended', () => {
      if (track === picture.value) cameraLost.value = true
    })
  }

  function seen(): void {
    if (document.visibilityState === 'visible' && cameraLost.value && picture.value !== null) void reopen(picture.value)
  }
  const hurry = (): void => publisher?.hurry()
  const leave = (): void => {
    publisher?.leave()
    letGo()
    status.value = IDLE
  }

  document.addEventListener('visibilitychange', seen)
  window.addEventListener('online', hurry)
  network()?.addEventListener('change', hurry)
  window.addEventListener('pagehide', leave)
  onBeforeUnmount(() => {
    document.removeEventListener('visibilitychange', seen)
    window.removeEventListener('online', hurry)
    network()?.removeEventListener('change', hurry)
    window.removeEventListener('pagehide', leave)
    leave()
  })

  return { status, picture, cameraTrouble, cameraLost, sound, voice, severalCameras, start, stop, toggleSound, turnCamera }
}

/** Chromium alone tells that a phone went from one network to another. */
function network(): EventTarget | undefined {
  return (navigator as Navigator & { connection?: EventTarget }).connection
}
