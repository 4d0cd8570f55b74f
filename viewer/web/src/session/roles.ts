/* Who may see which page. The server decides every request by its policy table; this list only keeps
   doors that would not open out of the navigation. */

export const ROLES = [
  'supervisor',
  'reviewer',
  'unit_user',
  'exporter',
  'site_admin',
  'system_admin',
  'security_admin',
  'auditor',
] as const

export type Role = (typeof ROLES)[number]

/** Roles of people inside one enforcing body: an account of theirs needs a unit. */
export const ROLES_OF_A_UNIT: readonly Role[] = ['unit_user']

export const WATCHERS: readonly Role[] = ['supervisor']
export const SITE_READERS: readonly Role[] = ['supervisor', 'site_admin']
export const SITE_EDITORS: readonly Role[] = ['site_admin']
export const SECURITY: readonly Role[] = ['security_admin']
export const AUDIT: readonly Role[] = ['auditor']
export const SYSTEM: readonly Role[] = ['system_admin']
