/* Why somebody looks. Asked once a wall session, sent with every live view, and kept in the audit beside it. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { useSession } from '@/session/store'

export const PURPOSES = ['duty', 'case', 'dispute', 'complaint', 'exercise'] as const
export type Purpose = (typeof PURPOSES)[number]

const STORAGE_KEY = 'mingjing.purpose' // of this tab only: another wall may have another reason

export const usePurpose = defineStore('purpose', () => {
  const session = useSession()
  /** A new login is a new wall session, also in the same tab. */
  const login = computed(() => `${session.info?.name ?? ''} ${session.info?.expires_at ?? ''}`)
  const given = ref(read())

  const purpose = computed<Purpose | null>(() => (given.value?.login === login.value ? given.value.purpose : null))

  function give(value: Purpose): void {
    given.value = { login: login.value, purpose: value }
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify(given.value))
  }

  return { purpose, give }
})

interface Given {
  login: string
  purpose: Purpose
}

function read(): Given | null {
  try {
    const value = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? 'null') as Partial<Given> | null
    const purpose = PURPOSES.find((known) => known === value?.purpose)
    return purpose !== undefined && typeof value?.login === 'string' ? { login: value.login, purpose } : null
  } catch {
    return null
  }
}
