/* Who is logged in, kept in the browser only as the server's answer: the cookie itself is HttpOnly. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { answer, api } from '@/api/client'
import { Problem } from '@/api/problem'
import type { Action, SessionInfo } from '@/api/types'
import type { Role } from '@/session/roles'

export type EndReason = '' | 'expired' | 'revoked' | 'logged_out'

export const useSession = defineStore('session', () => {
  const info = ref<SessionInfo | null>(null)
  /** False until the server was asked once whether the cookie is still good. */
  const known = ref(false)
  /** Why there is no session any more; the login page says it. */
  const ended = ref<EndReason>('')

  const active = computed(() => info.value !== null)

  async function load(): Promise<void> {
    try {
      info.value = await answer(api.GET('/api/v1/session'))
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error
      info.value = null
    }
    known.value = true
  }

  async function login(username: string, password: string): Promise<void> {
    info.value = await answer(api.POST('/api/v1/login', { body: { username, password } }))
    known.value = true
    ended.value = ''
  }

  async function changePassword(current: string, fresh: string): Promise<void> {
    info.value = await answer(api.POST('/api/v1/password', { body: { current, new: fresh } }))
  }

  async function logout(): Promise<void> {
    await api.DELETE('/api/v1/session')
    end('logged_out')
  }

  /** Nobody has been here for as long as the server allows: leave, and say why. */
  async function leaveIdle(): Promise<void> {
    try {
      await api.DELETE('/api/v1/session')
    } catch {
      // The server is away; its own count ends the session.
    }
    end('expired')
  }

  function end(reason: EndReason): void {
    info.value = null
    known.value = true
    ended.value = reason
  }

  /** Whether the server would let this person do the action to some object. */
  function may(action: Action): boolean {
    return info.value?.actions.includes(action) ?? false
  }

  function mayOpen(page: { action?: Action; roles?: readonly Role[] }): boolean {
    if (info.value === null || (page.roles !== undefined && !page.roles.includes(info.value.role))) return false
    return page.action === undefined || may(page.action)
  }

  return { info, known, ended, active, load, login, changePassword, logout, leaveIdle, end, may, mayOpen }
})
