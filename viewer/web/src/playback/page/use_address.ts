/* What is chosen, and its address: a link or a reload opens the same moment. The address follows when things rest, and
   now and then while it plays. */
import { onBeforeUnmount, type Ref, shallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { serverNowMs } from '@/live/server_clock'
import { type Place, placeFrom, queryOf } from '../address'

const REST_MS = 400
const EVERY_MS = 3_000 // browsers refuse hundreds of changes in half a minute

export interface Address {
  readonly place: Ref<Place>
  /** Where things are now may have changed. */
  moved(playing: boolean): void
}

export function useAddress(now: (place: Place) => Place): Address {
  const route = useRoute()
  const router = useRouter()
  const here = route.name
  const place = shallowRef<Place>(placeFrom(route.query, serverNowMs()))
  let waiting = 0
  let writtenMs = 0
  let resting = '' // what is to be written when things rest: the same again is no movement

  function write(): void {
    writtenMs = performance.now()
    if (route.name !== here) return
    const query = queryOf(now(place.value))
    if (JSON.stringify(query) !== JSON.stringify(route.query)) void router.replace({ query })
  }

  function moved(playing: boolean): void {
    const query = JSON.stringify(queryOf(now(place.value)))
    if (!playing && query === resting) return
    resting = query
    window.clearTimeout(waiting)
    if (playing && performance.now() - writtenMs > EVERY_MS) write()
    else waiting = window.setTimeout(write, REST_MS)
  }

  /* Another link to this page: what we wrote ourselves says nothing new. */
  watch(
    () => route.query,
    (query) => {
      if (route.name !== here) return
      const asked = placeFrom(query, serverNowMs())
      if (whereOf(asked) !== whereOf(place.value)) place.value = asked
    },
  )
  onBeforeUnmount(() => window.clearTimeout(waiting))

  return { place, moved }
}

const whereOf = (place: Place): string => JSON.stringify(queryOf({ ...place, atMs: null, spanMs: null }))
