/* Says that the session is about to end, with a sound: whoever watches a wall looks at pictures, not at corners. */
import { ElNotification } from 'element-plus'
import { i18n } from '@/i18n'
import { chime } from '@/live/wall/chime'

let shown: { close(): void } | null = null

export function warnOfIdleness(soon: boolean): void {
  shown?.close()
  shown = null
  if (!soon) return
  chime()
  shown = ElNotification({
    type: 'warning',
    title: i18n.global.t('session.idleSoon'),
    message: i18n.global.t('session.idleSoonHint'),
    duration: 0,
    ...(document.fullscreenElement instanceof HTMLElement ? { appendTo: document.fullscreenElement } : {}),
  })
}
