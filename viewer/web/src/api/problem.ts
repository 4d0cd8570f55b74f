/* What the server says when it does not do what it was asked (RFC 9457), as an error that can be thrown.
   Status 0 is ours: the server was not reached at all, so nothing happened there. */

export interface ProblemFields {
  status: number
  title: string
  detail?: string | undefined
  type?: string | undefined
  /** The request field that was wrong, and what would be right. */
  field?: string | undefined
  fix?: string | undefined
}

export class Problem extends Error {
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly type: string
  readonly field: string
  readonly fix: string

  constructor(fields: ProblemFields) {
    super(fields.detail || fields.title)
    this.name = 'Problem'
    this.status = fields.status
    this.title = fields.title
    this.detail = fields.detail ?? ''
    this.type = fields.type ?? 'about:blank'
    this.field = fields.field ?? ''
    this.fix = fields.fix ?? ''
  }

  /** The last word of the type's URN: `changed-meanwhile`, `locked-out`, … */
  get kind(): string {
    return this.type.slice(this.type.lastIndexOf(':') + 1)
  }

  get unreachable(): boolean {
    return this.status === 0
  }
}

export const unreachable = (): Problem => new Problem({ status: 0, title: 'unreachable' })

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Reads a problem from an answer's body, whatever it is: a proxy's HTML page is a problem too. */
export function problemFrom(status: number, body: unknown): Problem {
  const fields: Record<string, unknown> = typeof body === 'object' && body !== null ? { ...body } : {}
  return new Problem({
    status,
    title: text(fields['title']) ?? `HTTP ${status}`,
    detail: text(fields['detail']),
    type: text(fields['type']),
    field: text(fields['field']),
    fix: text(fields['fix']),
  })
}
