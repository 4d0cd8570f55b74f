/* What the security admin does to accounts. Passwords come back once and are kept nowhere. */
import { answer, api, ifMatch, ifVersion, versioned } from '@/api/client'
import { loadAll } from '@/api/lists'
import type { LoginSession, OneTimePassword, User } from '@/api/types'
import type { Role } from '@/session/roles'

export interface Grant {
  role: Role
  unit: string | null
}

const at = (user: string) => ({ path: { user } })

export const listUsers = (): Promise<User[]> =>
  loadAll<User>((query) => answer(api.GET('/api/v1/users', { params: { query } })))

export const createUser = (user: Grant & { name: string }): Promise<OneTimePassword> =>
  answer(api.POST('/api/v1/users', { body: user }))

export const readUser = (name: string): Promise<{ value: User; etag: string }> =>
  versioned(api.GET('/api/v1/users/{user}', { params: at(name) }))

export async function changeGrant(name: string, grant: Grant, etag: string): Promise<void> {
  await api.PATCH('/api/v1/users/{user}', { params: { ...at(name), header: ifMatch(etag) }, body: grant })
}

export const resetPassword = ({ name, version }: User): Promise<OneTimePassword> =>
  answer(api.POST('/api/v1/users/{user}/reset-password', { params: { ...at(name), header: ifVersion(version) } }))

export async function disableUser({ name, version }: User): Promise<void> {
  await api.POST('/api/v1/users/{user}/disable', { params: { ...at(name), header: ifVersion(version) } })
}

export async function enableUser({ name, version }: User): Promise<void> {
  await api.POST('/api/v1/users/{user}/enable', { params: { ...at(name), header: ifVersion(version) } })
}

export const listSessions = async (name: string): Promise<LoginSession[]> =>
  (await answer(api.GET('/api/v1/users/{user}/sessions', { params: at(name) }))).items

export async function revokeSession(name: string, session: string): Promise<void> {
  await api.DELETE('/api/v1/users/{user}/sessions/{session}', { params: { path: { user: name, session } } })
}
