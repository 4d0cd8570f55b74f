/* The small pictures of the ribbon: which are wanted at each move, and those that have come. */
import { computed, type ComputedRef, onBeforeUnmount, ref, watch } from 'vue'
import type { Lane } from '../contract'
import type { StripPicture } from './draw'
import type { Scale } from './scale'
import { stripMoments, thumbnailMoment } from './strip'
import type { Found, Thumbnails, Wish } from './thumbnails'

export interface Looked {
  readonly thumbnails: Thumbnails | null
  readonly lanes: readonly Lane[]
  readonly focused: number
  readonly scale: Scale
  /** Of the lanes; 0: none lie along them. */
  readonly widthPx: number
  readonly lookedAt: { readonly atMs: number; readonly lane: number } | null
}

export interface RibbonPictures {
  /** What is looked at: the last one of its lane until it comes; null where there is no footage. */
  readonly under: ComputedRef<Found | null>
  readonly strips: ComputedRef<readonly (readonly StripPicture[])[]>
}

const PLACE_PX = 61 // a picture of 34 pixels high, and a little between two
const REST_MS = 60 // a pointer that moves on wants nothing

export function usePictures(look: () => Looked): RibbonPictures {
  const arrived = ref(0)
  let timer: number | undefined
  let last: { readonly device: string; readonly found: Found } | null = null

  const moments = computed(() => {
    const { lanes, scale, widthPx } = look()
    return lanes.map((lane) => stripMoments(lane, scale, widthPx, PLACE_PX).map((atMs): Wish => ({ device: lane.device, atMs })))
  })
  const pointedAt = computed((): Wish | null => {
    const { lanes, lookedAt } = look()
    const lane = lookedAt === null ? undefined : lanes[lookedAt.lane]
    const atMs = lookedAt === null || lane === undefined ? null : thumbnailMoment(lane, lookedAt.atMs)
    return lane === undefined || atMs === null ? null : { device: lane.device, atMs }
  })

  const under = computed((): Found | null => {
    void arrived.value
    const wish = pointedAt.value
    if (wish === null) return null
    const found = look().thumbnails?.at(wish) ?? null
    if (found !== null) last = { device: wish.device, found }
    return found ?? (last?.device === wish.device ? last.found : null)
  })
  const strips = computed(() => {
    void arrived.value
    const { thumbnails } = look()
    return moments.value.map((wishes) =>
      wishes.flatMap((wish): StripPicture[] => {
        const found = thumbnails?.at(wish) ?? null
        return found === null || typeof found === 'string' ? [] : [{ atMs: wish.atMs, image: found.image }]
      }),
    )
  })

  /** The one looked at, then those of the lane at hand, then the others'. */
  function want(): void {
    const { thumbnails, focused } = look()
    const first = pointedAt.value === null ? [] : [pointedAt.value]
    const others = moments.value.filter((_, n) => n !== focused).flat()
    thumbnails?.want([...first, ...(moments.value[focused] ?? []), ...others])
  }

  watch(
    () => look().thumbnails,
    (thumbnails) => {
      last = null
      if (thumbnails !== null) thumbnails.onChange = () => (arrived.value += 1)
    },
    { immediate: true },
  )
  watch(
    [moments, pointedAt, () => look().thumbnails],
    () => {
      window.clearTimeout(timer)
      timer = window.setTimeout(want, REST_MS)
    },
    { immediate: true },
  )
  onBeforeUnmount(() => window.clearTimeout(timer))

  return { under, strips }
}
