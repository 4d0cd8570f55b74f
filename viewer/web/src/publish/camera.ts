/* Camera and microphone: asked for as an officer would want them, and taken as they are where that cannot be had. */

/** insecure: no browser gives a camera to a page that came unencrypted. */
export type CameraTrouble = 'denied' | 'missing' | 'busy' | 'insecure' | 'failed'

export class CameraError extends Error {
  constructor(readonly trouble: CameraTrouble) {
    super(trouble)
    this.name = 'CameraError'
  }
}

export type Facing = 'environment' | 'user'

/** Which camera: by where it looks, as phones tell it, or by its own id, as laptops do. */
export type CameraChoice = { readonly facing: Facing } | { readonly id: string }

const WIDTH = 1280
const HEIGHT = 720
const RATE = 25
const RATE_MAX = 30 // at 60, which some phones prefer, each picture has half the bits

const SOUND: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true }

export interface Opened {
  readonly picture: MediaStreamTrack
  /** Null where there is no microphone, or it is not let have: pictures without sound are better than nothing. */
  readonly sound: MediaStreamTrack | null
}

/** Both by one question to the officer. */
export async function openBoth(choice: CameraChoice): Promise<Opened> {
  const stream = await ask({ video: wanted(choice), audio: SOUND }).catch((error: unknown) => {
    if (error instanceof DOMException) return null
    throw error
  })
  if (stream === null) return { picture: await openCamera(choice), sound: null }
  return { picture: picture(stream), sound: stream.getAudioTracks()[0] ?? null }
}

/** The picture alone. @throws CameraError saying why there is none. */
export async function openCamera(choice: CameraChoice): Promise<MediaStreamTrack> {
  try {
    return picture(await ask({ video: wanted(choice) }))
  } catch (error) {
    if (!(error instanceof DOMException)) throw error
    if (error.name !== 'OverconstrainedError') throw trouble(error)
  }
  try {
    return picture(await ask({ video: true })) // whatever it has
  } catch (error) {
    throw error instanceof DOMException ? trouble(error) : error
  }
}

/** The next camera after this one; null where there is no other. Cameras are told only once one is open. */
export async function otherCamera(now: MediaStreamTrack): Promise<CameraChoice | null> {
  const cameras = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === 'videoinput')
  if (cameras.length < 2) return null
  const { facingMode, deviceId } = now.getSettings()
  if (facingMode === 'environment') return { facing: 'user' }
  if (facingMode === 'user') return { facing: 'environment' }
  const at = cameras.findIndex((camera) => camera.deviceId === deviceId)
  return { id: cameras[(at + 1) % cameras.length]?.deviceId ?? '' }
}

function wanted(choice: CameraChoice): MediaTrackConstraints {
  const where = 'id' in choice ? { deviceId: { exact: choice.id } } : { facingMode: { ideal: choice.facing } }
  return { ...where, width: { ideal: WIDTH }, height: { ideal: HEIGHT }, frameRate: { ideal: RATE, max: RATE_MAX } }
}

function picture(stream: MediaStream): MediaStreamTrack {
  const [track] = stream.getVideoTracks()
  if (track === undefined) throw new CameraError('missing')
  track.contentHint = 'motion' // a scene, not a document: what moves is what counts
  return track
}

async function ask(media: MediaStreamConstraints): Promise<MediaStream> {
  // Not there at all on a page that came unencrypted.
  if (!window.isSecureContext || !('mediaDevices' in navigator)) throw new CameraError('insecure')
  return navigator.mediaDevices.getUserMedia(media)
}

const TROUBLES: Readonly<Record<string, CameraTrouble>> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
}

const trouble = (error: DOMException): CameraError => new CameraError(TROUBLES[error.name] ?? 'failed')
