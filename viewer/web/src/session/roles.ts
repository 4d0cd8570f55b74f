/* The roles of an account, one each. What a role may do is the server's policy table; the session brings
   the actions it allows. */

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

/** An account of this role belongs to one unit. */
export const needsUnit = (role: Role): boolean => role === 'unit_user'

/** 三员分立: these three exclude one another and belong to no unit. */
export const ADMINISTRATORS: readonly Role[] = ['system_admin', 'security_admin', 'auditor']
