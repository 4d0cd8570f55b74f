/* A failure in words: what happened, what is safe, what to do. The server's own sentence comes after ours. */
import { i18n } from '@/i18n'
import { Problem } from '@/api/problem'

export function sayProblem(error: unknown): string {
  const { t } = i18n.global
  if (!(error instanceof Problem)) return t('problem.house')
  if (error.unreachable) return t('problem.unreachable')
  const said = [error.detail || error.title, error.fix].filter((part) => part !== '').join(' ')
  switch (error.status) {
    case 403:
      return t('problem.forbidden')
    case 404:
      return t('problem.gone')
    case 412:
      return t('problem.changed')
    case 409:
      return t('problem.conflict', { said })
    case 422:
    case 400:
      return t('problem.refused', { said })
    case 429:
      return t('problem.tooMany')
    default:
      return error.status >= 500 ? t('problem.server', { status: error.status }) : t('problem.refused', { said })
  }
}
