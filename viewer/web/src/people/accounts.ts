/* What the security admin does to accounts. Passwords come back once and are kept nowhere. */
import { call } from '@/api/client'
import { loadAll } from '@/api/lists'
import type { LoginSession, OneTimePassword, User } from '@/api/types'
import type { Role } from '@/session/roles'

const path = (name: string): string => `/users/${encodeURIComponent(name)}`

export const listUsers = (): Promise<User[]> => loadAll<User>('/users')

export async function createUser(user: { name: string; role: Role; unit: string | null }): Promise<OneTimePassword> {
  return (await call<OneTimePassword>('POST', '/users', { body: user })).data
}

export async function changeGrant(name: string, grant: { role: Role; unit: string | null }): Promise<void> {
  const { etag } = await call<User>('GET', path(name))
  await call('PATCH', path(name), { body: grant, ifMatch: etag })
}

export async function resetPassword(name: string): Promise<OneTimePassword> {
  return (await call<OneTimePassword>('POST', `${path(name)}/reset-password`)).data
}

export async function disableUser(name: string): Promise<void> {
  await call('POST', `${path(name)}/disable`)
}

export async function enableUser(name: string): Promise<void> {
  await call('POST', `${path(name)}/enable`)
}

export const listSessions = (name: string): Promise<LoginSession[]> => loadAll<LoginSession>(`${path(name)}/sessions`)

export async function revokeSession(name: string, session: string): Promise<void> {
  await call('DELETE', `${path(name)}/sessions/${encodeURIComponent(session)}`)
}
