/** Where a server listens: plain HTTP, TLS, or both. */
import { existsSync } from 'node:fs'
import { missingSecret } from '../base/secret-file.ts'
import { errorText } from '../base/system-error.ts'
import { secretFileProblem } from '../files/secret-file.ts'
import type { TlsSettings } from '../http/wire/tls-identity.ts'
import type { Setting } from './setting.ts'

/** What the settings of the listeners say. */
export interface ListenerConfig {
  /** Whether plain HTTP is served, on PORT. */
  plainHttp: boolean
  /** The TLS listener; undefined = none. */
  tls: (TlsSettings & { port: number }) | undefined
}

/** Settings of the listeners. */
export const listenerSettings = [
  {
    variable: 'PLAIN_HTTP',
    kind: 'choice',
    choices: ['on', 'off'],
    fallback: 'on',
    description: '`off` listens with TLS alone: PORT is not opened.',
  },
  {
    variable: 'TLS_PORT',
    kind: 'port',
    description:
      'TCP port of a TLS listener (1.2 and 1.3) beside or in place of plain HTTP, under the same limits; 0 takes a free one.',
  },
  {
    variable: 'TLS_CERTIFICATE',
    kind: 'text',
    description:
      'File of the certificate of the TLS listener with its chain, PEM. It is read again when it or its key changes, and on SIGHUP; one that cannot be used is told, and the one in use stays.',
  },
  {
    variable: 'TLS_KEY',
    kind: 'text',
    description: "File of its private key, PEM, not encrypted; its owner's alone (mode 600).",
  },
  {
    variable: 'TLS_CLIENT_CERTIFICATES',
    kind: 'choice',
    choices: ['off', 'request'],
    fallback: 'off',
    description:
      '`request` asks TLS clients for a certificate, which none must have; who may do what with one is said by the settings of authority.',
  },
  {
    variable: 'TLS_CLIENT_CA',
    kind: 'text',
    description:
      'File of the authorities (PEM) whose names are told to clients that are asked for a certificate; some clients show none without.',
  },
] as const satisfies readonly Setting[]

/**
 * Reads the settings, whose texts were checked.
 * @throws Error with a line for each problem
 */
export function readListenerSettings(texts: ReadonlyMap<string, string>): ListenerConfig {
  const plainHttp = texts.get('PLAIN_HTTP') !== 'off'
  const port = texts.get('TLS_PORT')
  const certificate = texts.get('TLS_CERTIFICATE')
  const key = texts.get('TLS_KEY')
  const clientCa = texts.get('TLS_CLIENT_CA')
  const asksClients = texts.get('TLS_CLIENT_CERTIFICATES') === 'request'
  const baseUrl = texts.get('BASE_URL') ?? ''
  const problems: string[] = []
  if (port === undefined) {
    for (const [name, value] of Object.entries({ TLS_CERTIFICATE: certificate, TLS_KEY: key, TLS_CLIENT_CA: clientCa }))
      if (value !== undefined) problems.push(`${name} is set, and TLS_PORT is not: nothing listens with TLS`)
    if (asksClients) problems.push('TLS_CLIENT_CERTIFICATES is request, and TLS_PORT is not set')
    if (!plainHttp) problems.push('PLAIN_HTTP is off, and TLS_PORT is not set: nothing would listen')
    if (problems.length > 0) throw new Error(problems.join('\n'))
    return { plainHttp, tls: undefined }
  }
  if (certificate === undefined) problems.push('TLS_CERTIFICATE must be set where TLS_PORT is')
  if (key === undefined) problems.push('TLS_KEY must be set where TLS_PORT is')
  else problems.push(...keyProblems(key))
  if (plainHttp && port !== '0' && port === texts.get('PORT')) problems.push('TLS_PORT is the same as PORT')
  if (clientCa !== undefined && !asksClients)
    problems.push('TLS_CLIENT_CA is set, and TLS_CLIENT_CERTIFICATES is not request')
  if (!plainHttp && /^http:/i.test(baseUrl))
    problems.push('PLAIN_HTTP is off, and BASE_URL begins with http: its links would lead nowhere')
  if (problems.length > 0 || certificate === undefined || key === undefined) throw new Error(problems.join('\n'))
  const files = { certificate, key, ...(clientCa === undefined ? {} : { clientCa }) }
  return { plainHttp, tls: { port: Number(port), files, asksClients } }
}

/** What is wrong with the file of a key; its text is in none of that, for the setting may be the key itself. */
function keyProblems(file: string): string[] {
  const missing = missingSecret(file, existsSync(file))
  if (missing) return [`TLS_KEY: ${missing}`]
  try {
    const problem = secretFileProblem(file)
    return problem ? [`TLS_KEY: ${problem}`] : []
  } catch (error) {
    return [`TLS_KEY: ${errorText(error)}`]
  }
}
