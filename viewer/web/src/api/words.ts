/* A failure in words: what happened, what is safe, what to do. The server's own sentence comes after ours. */
import { i18n } from '@/i18n'
import { Problem } from '@/api/problem'
import { recognise } from '@/api/server_words'

/* Kinds that need other words than their status. */
const KINDS = ['needs-case', 'insecure-transport', 'foreign-origin', 'password-must-change', 'unavailable', 'locked-out', 'too-large']

/** A sentence of the server in the language of the page. */
export function inOurWords(sentence: string): string {
  const words = recognise(sentence)
  return words === null ? sentence : i18n.global.t(`problem.server.${words.key}`, words.values)
}

export function sayProblem(error: unknown): string {
  const { t } = i18n.global
  if (!(error instanceof Problem)) return t('problem.house')
  if (error.unreachable) return t('problem.unreachable')
  const space = i18n.global.locale.value === 'en' ? ' ' : ''
  const said = [error.detail || error.title, error.fix].map(inOurWords).filter(Boolean).join(space)
  if (KINDS.includes(error.kind)) return t(`problem.kinds.${error.kind}`)
  switch (error.status) {
    case 403:
      return t('problem.forbidden')
    case 404:
      return t('problem.gone')
    case 412:
      return t('problem.changed')
    case 410:
      return t('problem.tooLate')
    case 409:
      return t('problem.conflict', { said })
    case 422:
    case 400:
      return t('problem.refused', { said })
    case 429:
      return t('problem.tooMany')
    default:
      return error.status >= 500 ? t('problem.failed', { status: error.status }) : t('problem.refused', { said })
  }
}
