/* One's own stream passwords. The password itself comes back once and is kept nowhere. */
import { answer, api } from '@/api/client'
import type { NewStreamPassword, ShownStreamPassword, StreamPassword } from '@/api/types'

export const listStreamPasswords = async (): Promise<StreamPassword[]> =>
  (await answer(api.GET('/api/v1/stream-passwords'))).items

export const createStreamPassword = (wanted: NewStreamPassword): Promise<ShownStreamPassword> =>
  answer(api.POST('/api/v1/stream-passwords', { body: wanted }))

export async function revokeStreamPassword(id: string): Promise<void> {
  await api.DELETE('/api/v1/stream-passwords/{password}', { params: { path: { password: id } } })
}
