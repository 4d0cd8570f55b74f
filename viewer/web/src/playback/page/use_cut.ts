/* Cutting on playback: in and out, what was cut since the page was opened, and the word that it was. */
import { ElMessage } from 'element-plus'
import { computed, h, type Ref, ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRouter } from 'vue-router'
import type { Kept } from '@/api/types'
import { keptFrom, type KeptSpan, type Lane } from '../contract'
import { type Cut, cutSpan, NO_CUT, withIn, withOut } from '../cut'
import { lastFootage, type Span, withKept } from '../spans'
import { usePlaybackWords } from '../words'

const TOLD_MS = 8_000 // long enough to reach the link

export function useCut(lanes: Readonly<Ref<readonly Lane[]>>, atMs: () => number | null) {
  const { t } = useI18n()
  const router = useRouter()
  const words = usePlaybackWords()
  const cut = shallowRef<Cut>(NO_CUT)
  const asked = ref(false)
  const span = shallowRef<Span>({ startMs: 0, endMs: 0 })
  const mine = shallowRef<ReadonlyMap<string, readonly KeptSpan[]>>(new Map()) // by device

  const withMine = computed(() => lanes.value.map((lane) => withKept(lane, mine.value.get(lane.device) ?? [])))

  function at(then: (ms: number) => void): void {
    const ms = atMs()
    if (ms !== null) then(ms)
  }

  function ask(): void {
    at((ms) => {
      span.value = cutSpan(cut.value, ms, lastFootage(lanes.value) ?? ms)
      asked.value = true
    })
  }

  function made(clips: readonly Kept[]): void {
    const more = new Map(mine.value)
    for (const clip of clips) more.set(clip.device, [...(more.get(clip.device) ?? []), keptFrom({ ...clip, kind: 'clip' })])
    mine.value = more
    cut.value = NO_CUT
    const first = clips[0] as Kept
    const href = router.resolve({ name: 'kept', query: { q: clips.length === 1 ? first.id : first.device } }).href
    const length = words.length(span.value.endMs - span.value.startMs)
    const link = h('a', { href, target: '_blank', 'data-test': 'cut-link' }, t('playback.cut.show'))
    ElMessage.success({ message: h('span', [t('playback.cut.done', { n: clips.length, length }), ' ', link]), duration: TOLD_MS })
  }

  /* Another view shows what was cut by itself. */
  function forget(): void {
    mine.value = new Map()
    cut.value = NO_CUT
  }

  return {
    cut,
    span,
    asked,
    lanes: withMine,
    setIn: () => at((ms) => (cut.value = withIn(cut.value, ms))),
    setOut: () => at((ms) => (cut.value = withOut(cut.value, ms))),
    clear: () => (cut.value = NO_CUT),
    ask,
    made,
    forget,
  }
}
