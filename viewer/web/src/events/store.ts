/* The live state of every channel the user may see, pushed by the server. One WebSocket a tab feeds it.

   Channels are kept by `device/channel`; each value is replaced, never changed, so a row that shows one is redrawn
   only when its own channel moves. */
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive, shallowRef } from 'vue'
import type { Alarm, ChannelName, LiveChannel } from '@/api/types'
import { Batches } from '@/events/batches'
import { parseMessage, type RegistryChange, type ServerMessage } from '@/events/messages'
import { EventSocket, type ConnectionState, type SocketEnvironment } from '@/events/socket'
import { SIGNS } from '@/session/idle'
import { useSession } from '@/session/store'

const ALARMS_MAX = 200 // what a side panel can still be scrolled through; older ones are on the page of alarms
const ACTIVE_MS = 60_000 // a session lives 15 idle minutes: once a minute is often enough

export const channelKey = (device: string, channel: ChannelName): string => `${device}/${channel}`
const cameAgain = (before: Alarm | undefined, now: Alarm): boolean => now.times > (before?.times ?? 0)

/** What fails is reported as if nobody had caught it, and what comes behind it goes on. */
function apart(act: () => void): void {
  try {
    act()
  } catch (error) {
    reportError(error)
  }
}

function toEach<T>(listeners: Iterable<(value: T) => void>, value: T): void {
  for (const listener of listeners) apart(() => listener(value))
}

function browserEnvironment(): SocketEnvironment {
  return {
    open: (handlers) => {
      const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
      const socket = new WebSocket(`${scheme}://${location.host}/ws/events`)
      socket.onopen = () => handlers.opened()
      socket.onmessage = (event: MessageEvent<unknown>) => {
        if (typeof event.data === 'string') handlers.text(event.data)
      }
      socket.onclose = () => handlers.closed()
      return {
        send: (text) => socket.send(text),
        close: () => {
          socket.onopen = socket.onmessage = socket.onclose = null
          socket.close()
        },
      }
    },
    setTimer: (callback, delayMs) => window.setTimeout(callback, delayMs),
    clearTimer: (timer) => window.clearTimeout(timer),
    random: Math.random,
  }
}

export const useEvents = defineStore('events', () => {
  const connection = ref<ConnectionState>('closed')
  const channels = shallowReactive(new Map<string, LiveChannel>())
  const alarms = shallowRef<readonly Alarm[]>([])
  /** Counts snapshots: a page that loaded a list watches it and loads again after the server was away. */
  const generation = ref(0)
  const listeners = new Set<(change: RegistryChange) => void>()
  const alarmListeners = new Set<(alarm: Alarm) => void>()
  let joined = false // a snapshot has come since the login

  const online = computed(() => [...channels.values()].filter((channel) => channel.state === 'live').length)

  function apply(message: ServerMessage): void {
    switch (message.type) {
      case 'snapshot':
        channels.clear()
        for (const channel of message.channels) channels.set(channelKey(channel.device, channel.channel), channel)
        takeAlarms(message.alarms.slice(-ALARMS_MAX))
        generation.value += 1
        break
      case 'channel': {
        const { type: _, ...channel } = message
        const key = channelKey(channel.device, channel.channel)
        const before = channels.get(key)
        channels.set(key, before === undefined ? channel : { ...before, ...channel })
        break
      }
      case 'statistics':
        for (const figures of message.channels) {
          const key = channelKey(figures.device, figures.channel)
          const before = channels.get(key)
          if (before !== undefined) channels.set(key, { ...before, ...figures })
        }
        break
      case 'alarm': {
        const { type: _, ...alarm } = message
        takeAlarm(alarm)
        break
      }
      case 'registry': {
        const { type: _, ...change } = message
        if (change.kind === 'device' && change.change === 'removed') {
          channels.delete(channelKey(change.id, 'main'))
          channels.delete(channelKey(change.id, 'sub'))
        }
        toEach(listeners, change)
        break
      }
      case 'closing':
        if (message.reason === 'revoked' || message.reason === 'expired') {
          texts.drop() // what comes behind is for nobody
          useSession().end(message.reason)
        }
        break
    }
  }

  /** What was raised while the connection was away is told like what comes now; what was there at the login is not. */
  function takeAlarms(now: readonly Alarm[]): void {
    const before = new Map(alarms.value.map((alarm) => [alarm.id, alarm]))
    alarms.value = now
    if (joined) for (const alarm of now) if (cameAgain(before.get(alarm.id), alarm)) tell(alarm)
    joined = true
  }

  /** A line that is new, came again, is over or was acknowledged, here or by an answer of the server. */
  function takeAlarm(alarm: Alarm): void {
    const before = alarms.value.find((one) => one.id === alarm.id)
    alarms.value =
      before === undefined
        ? [...alarms.value.slice(1 - ALARMS_MAX), alarm]
        : alarms.value.map((one) => (one.id === alarm.id ? alarm : one))
    if (cameAgain(before, alarm)) tell(alarm)
  }

  function tell(alarm: Alarm): void {
    toEach(alarmListeners, alarm)
  }

  const environment = browserEnvironment()
  const texts = new Batches<string>({ ...environment, now: () => performance.now() }, (batch) => {
    for (const text of batch) {
      apart(() => {
        const message = parseMessage(text)
        if (message !== null) apply(message)
      })
    }
  })
  const socket = new EventSocket(
    environment,
    (text) => texts.put(text),
    (state) => {
      connection.value = state
      if (state === 'lost') {
        texts.handOn() // why the server closed it may be the last that waits
        void checkSession()
      }
    },
  )

  /** A refused WebSocket does not say why; the session resource does. */
  async function checkSession(): Promise<void> {
    const session = useSession()
    try {
      await session.load()
      if (!session.active && session.ended === '') session.end('expired')
    } catch {
      // The server is away: the socket keeps trying, and the banner says so.
    }
  }

  /* For the server only this and changes are signs of a person. What could not be said is said at the next sign. */
  let toldActive = 0
  function active(): void {
    if (Date.now() - toldActive < ACTIVE_MS || connection.value !== 'open') return
    toldActive = Date.now()
    socket.send('{"type":"active"}')
  }

  function start(): void {
    if (!useSession().may('events.watch')) return
    socket.start()
    window.addEventListener('online', retryNow)
    for (const sign of SIGNS) window.addEventListener(sign, active, { passive: true })
  }

  function stop(): void {
    window.removeEventListener('online', retryNow)
    for (const sign of SIGNS) window.removeEventListener(sign, active)
    socket.stop()
    texts.drop()
    channels.clear()
    alarms.value = []
    joined = false
  }

  function retryNow(): void {
    socket.retryNow()
  }

  /** Calls back on every change of units, checkpoints and devices; returns what ends it. */
  function onRegistry(listener: (change: RegistryChange) => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  function onAlarm(listener: (alarm: Alarm) => void): () => void {
    alarmListeners.add(listener)
    return () => alarmListeners.delete(listener)
  }

  function channel(device: string, name: ChannelName): LiveChannel | undefined {
    return channels.get(channelKey(device, name))
  }

  return { connection, channels, alarms, generation, online, apply, takeAlarm, start, stop, retryNow, onRegistry, onAlarm, channel }
})
