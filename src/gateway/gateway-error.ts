/** What a gateway's refusals mean, as states and in sentences for a person. */
import { NetworkError, type NetworkFault } from '../network/network-error.ts'

/**
 * What has become of a request: `not-onboarded` the gateway does not know this server, or its certificate; `rejected` it refused what
 * was sent; `unreachable` it did not answer, or not as a gateway does; `not-found`, `exists` of what was named; `not-offered` it has no
 * such route.
 */
export type GatewayErrorState = 'not-onboarded' | 'rejected' | 'unreachable' | 'not-found' | 'exists' | 'not-offered'

/** What is known of a refusal. */
interface Refusal {
  state: GatewayErrorState
  /** For a person; names nothing of what was sent. */
  text: string
  status?: number
  /** Code of the gateway's problem report, e.g. `0x402`. */
  code?: string
  /** The report's own heading. */
  problem?: string
  /** The same request may succeed later without anybody doing anything. */
  isRetried?: boolean
  /** The request may have been carried out although no answer came. */
  isUncertain?: boolean
}

/** A request to a gateway that came to nothing. The message is for a person, and never quotes what was sent, or the report's details. */
export class GatewayError extends Error {
  readonly state: GatewayErrorState
  readonly status: number | undefined
  readonly code: string | undefined
  readonly problem: string | undefined
  readonly isRetried: boolean
  readonly isUncertain: boolean

  constructor({ state, text, status, code, problem, isRetried = false, isUncertain = false }: Refusal) {
    const told = [status === undefined ? undefined : `HTTP ${status}`, code, problem && `“${problem}”`].filter(Boolean)
    super(told.length > 0 ? `${text} (${told.join(', ')})` : text)
    this.name = 'GatewayError'
    this.state = state
    this.status = status
    this.code = code
    this.problem = problem
    this.isRetried = isRetried
    this.isUncertain = isUncertain
  }
}

/** The two halves of a problem report that may be told; the others hold what was sent, and queries. */
export interface ProblemReport {
  code?: string
  problem?: string
}

/** Longest text of a report that is told. */
const TOLD_CHARACTERS = 120

/**
 * Code and problem of an error body of the gateway's own shape.
 * @returns undefined for any other body, as of an unknown path or of a proxy
 */
export function readReport(body: Buffer): ProblemReport | undefined {
  let json: unknown
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    return undefined // no report: a proxy's page, or nothing
  }
  if (typeof json !== 'object' || json === null || !('code' in json || 'problem' in json)) return undefined
  const text = (value: unknown, pattern: RegExp) =>
    typeof value === 'string' && pattern.test(value) ? value.slice(0, TOLD_CHARACTERS) : undefined
  const code = text('code' in json ? json.code : undefined, /^[\w/]{1,16}$/)
  // Headings are fixed texts of a few words; anything that looks like data is none.
  const problem = text('problem' in json ? json.problem : undefined, /^[A-Za-z][\w .,'()-]*$/)
  return { ...(code === undefined ? {} : { code }), ...(problem === undefined ? {} : { problem }) }
}

/** What each answer means; the first row that fits counts. Without `code` it stands for every other code of that status. */
const rows: readonly (Pick<Refusal, 'state' | 'text' | 'isRetried'> & { status: number; code?: string })[] = [
  { status: 401, code: '0x400', state: 'not-onboarded', text: 'the gateway got no client certificate' },
  { status: 401, state: 'not-onboarded', text: 'the gateway does not know the client certificate of this server' },
  {
    status: 400,
    code: '0x401',
    state: 'not-onboarded',
    text: 'the gateway finds no country in the client certificate of this server',
  },
  {
    status: 403,
    code: '0x403',
    state: 'rejected',
    text: 'the gateway gives this participant no role for that, or does not take this kind of request',
  },
  {
    status: 403,
    code: '0x000',
    state: 'not-onboarded',
    text: 'the gateway does not take the upload certificate, or the country, for one of this participant',
  },
  {
    status: 400,
    code: '0x402',
    state: 'rejected',
    text: 'the gateway cannot read the signed message, which is a fault of this software',
  },
  {
    status: 400,
    code: '0x260',
    state: 'rejected',
    text: 'the gateway finds the signature wrong, or its time outside of the period of the upload certificate; look at its dates and at the clock',
  },
  {
    status: 403,
    code: '0x210',
    state: 'not-onboarded',
    text: 'the gateway does not take the country for that of this participant',
  },
  {
    status: 400,
    code: '0x220',
    state: 'rejected',
    text: 'the version of the rule is not above those that the gateway has',
  },
  {
    status: 400,
    code: '0x230',
    state: 'not-onboarded',
    text: 'the gateway does not take the upload certificate for one of this participant',
  },
  {
    status: 400,
    code: '0x240',
    state: 'rejected',
    text: 'the gateway does not take the period of the rule: acceptance rules begin in 2 to 14 days, invalidation rules from now on, and each lasts 3 days at least',
  },
  { status: 404, code: '0x000', state: 'not-found', text: 'the gateway has no such entry' },
  { status: 404, code: '0x005', state: 'not-found', text: 'the gateway has no such certificate' },
  { status: 410, state: 'not-found', text: 'the gateway has deleted it' },
  { status: 409, state: 'exists', text: 'the gateway has it already' },
  { status: 400, state: 'rejected', text: 'the gateway finds values in it that it does not take' },
  { status: 408, state: 'unreachable', isRetried: true, text: 'the gateway waited too long for the request' },
  { status: 429, state: 'unreachable', isRetried: true, text: 'the gateway is asked too often' },
]

/** The error of an answer that is none of success. */
export function refusalOf(status: number, body: Buffer): GatewayError {
  const report = readReport(body)
  const told = { status, ...report }
  const row = rows.find((each) => each.status === status && (each.code === undefined || each.code === report?.code))
  if (row) return new GatewayError({ ...told, ...pick(row) })
  if (status === 404) {
    if (report) return new GatewayError({ ...told, state: 'not-found', text: 'the gateway does not know it' })
    return new GatewayError({ ...told, state: 'not-offered', text: 'the gateway does not offer this' })
  }
  if (status >= 500)
    return new GatewayError({ ...told, state: 'unreachable', isRetried: true, isUncertain: true, text: serverText })
  if (status >= 400) return new GatewayError({ ...told, state: 'rejected', text: 'the gateway refuses it' })
  return strangeAnswer(status)
}

const pick = ({ state, text, isRetried = false }: (typeof rows)[number]) => ({ state, text, isRetried })
const serverText = 'the gateway has a fault of its own'

/** The error of an answer that no gateway gives to the request. */
export function strangeAnswer(status: number, what = 'it answers as no gateway does'): GatewayError {
  return new GatewayError({
    state: 'unreachable',
    status,
    isRetried: true,
    isUncertain: true,
    text: `the address of the gateway leads to something else: ${what}`,
  })
}

/** Faults after which nothing was sent. */
const unsent: readonly NetworkFault[] = ['off', 'address', 'private', 'name', 'busy', 'certificate']

/** The error of a connection that came to nothing. @throws what is no fault of the network */
export function connectionRefusal(error: unknown): GatewayError {
  if (!(error instanceof NetworkError)) throw error
  if (error.fault === 'client-certificate')
    return new GatewayError({
      state: 'not-onboarded',
      text: 'the gateway refuses the client certificate of this server: it is not onboarded there, or has ended',
    })
  return new GatewayError({
    state: 'unreachable',
    text: `the gateway is not reached: ${error.message}`,
    isRetried: true,
    isUncertain: !unsent.includes(error.fault),
  })
}
