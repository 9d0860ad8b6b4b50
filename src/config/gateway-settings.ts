/** Settings of the Trust Network Gateways that this server takes part in. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
import { unknownMember } from '../base/nearest.ts'
import { missingSecret } from '../base/secret-file.ts'
import { errorText } from '../base/system-error.ts'
import { parseJson } from '../fhir/json.ts'
import { authoritiesProblem, keyFileProblems } from '../gateway/identity.ts'
import type { GatewaySettings, KeyFiles } from '../gateway/settings.ts'
import type { Setting } from './setting.ts'

/** The settings, in the order of the README's table. */
export const gatewaySettings = [
  {
    variable: 'GATEWAY_URL',
    kind: 'url',
    description:
      'https address of the Trust Network Gateway that this server registers at and reads from (docs/gateway.md). Without it and without GATEWAYS no gateway is used.',
  },
  {
    variable: 'GATEWAY_COUNTRY',
    kind: 'text',
    description: 'The participant that this server is, two capital letters: the `C` of both certificates.',
  },
  {
    variable: 'GATEWAY_TLS_CERTIFICATE',
    kind: 'text',
    description: 'File of the client certificate (TLS) that the gateway has onboarded: PEM, or PKCS#12 with its key.',
  },
  {
    variable: 'GATEWAY_TLS_KEY',
    kind: 'text',
    description: 'File of its private key, PEM, read by its owner alone; not for PKCS#12.',
  },
  {
    variable: 'GATEWAY_TLS_PASSWORD_FILE',
    kind: 'text',
    description: 'File with the password of the PKCS#12 file or of the encrypted key.',
  },
  {
    variable: 'GATEWAY_CA',
    kind: 'text',
    fallbackText: 'public authorities',
    description: "File of the authorities (PEM) that the gateway's own certificate is held against.",
  },
  {
    variable: 'GATEWAY_UPLOAD_CERTIFICATE',
    kind: 'text',
    description:
      'The same of the upload certificate (UP), which signs what is sent. Without it this server only reads at the gateway.',
  },
  { variable: 'GATEWAY_UPLOAD_KEY', kind: 'text', description: 'File of its private key.' },
  { variable: 'GATEWAY_UPLOAD_PASSWORD_FILE', kind: 'text', description: 'File with the password of either.' },
  {
    variable: 'GATEWAY_TRUST_ANCHOR',
    kind: 'list',
    description: "Files of the gateway's trust anchors (PEM), comma-separated: they sign whom it onboards.",
  },
  {
    variable: 'GATEWAYS',
    kind: 'text',
    description:
      'Several gateways: a JSON array, or a file that holds one, of `{"id", "url", "country", "tlsCertificate", "tlsKey", "ca"?, "uploadCertificate"?, "uploadKey"?, "anchors"?, "target"?, "mode"?, "withFederation"?}`. The single settings make one that is called `main`.',
  },
  {
    variable: 'PUBLIC_TLS_CERTIFICATE',
    kind: 'text',
    fallbackText: 'what BASE_URL shows',
    description:
      'File of the TLS certificate (PEM) of the public address, which references at a gateway name; needed where this server does not reach its own BASE_URL.',
  },
] as const satisfies readonly Setting[]

/** Members of an entry of GATEWAYS, and the single setting that says the same. */
const members = {
  id: undefined,
  url: 'GATEWAY_URL',
  country: 'GATEWAY_COUNTRY',
  tlsCertificate: 'GATEWAY_TLS_CERTIFICATE',
  tlsKey: 'GATEWAY_TLS_KEY',
  tlsPasswordFile: 'GATEWAY_TLS_PASSWORD_FILE',
  ca: 'GATEWAY_CA',
  uploadCertificate: 'GATEWAY_UPLOAD_CERTIFICATE',
  uploadKey: 'GATEWAY_UPLOAD_KEY',
  uploadPasswordFile: 'GATEWAY_UPLOAD_PASSWORD_FILE',
  anchors: 'GATEWAY_TRUST_ANCHOR',
  target: undefined,
  mode: undefined,
  withFederation: undefined,
} as const satisfies Record<string, (typeof gatewaySettings)[number]['variable'] | undefined>

type Member = keyof typeof members
const isMember = (name: string): name is Member => Object.hasOwn(members, name)

/** One entry before it is checked: where it stands, and how its members are called there. */
interface Entry {
  json: JsonObject
  /** Paths count from here. */
  folder: string
  /** Before each problem: `GATEWAYS, gateway 2: `, or nothing. */
  place: string
  nameOf(member: Member): string
}

/**
 * Reads the settings and the files they name; a PKCS#12 file is opened later, when the server starts.
 * @param texts the texts of the settings that are set
 * @throws Error whose message has every problem, one a line
 */
export function parseGateways(
  texts: ReadonlyMap<string, string>,
  readText: (path: string) => string,
): GatewaySettings[] {
  const problems = publicCertificateProblems(texts.get('PUBLIC_TLS_CERTIFICATE'))
  const entries = [...singleEntry(texts), ...listedEntries(texts.get('GATEWAYS'), readText, problems)]
  const gateways = entries.flatMap((entry) => {
    const found = entryProblems(entry)
    const settings = found.length === 0 ? settingsOf(entry) : undefined
    if (settings) found.push(...fileProblems(settings, entry))
    problems.push(...found.map((problem) => entry.place + problem))
    return settings ? [settings] : []
  })
  const ids = gateways.map(({ id }) => id)
  for (const id of new Set(ids.filter((each, at) => ids.indexOf(each) !== at)))
    problems.push(`GATEWAYS: two gateways have the id ${id}`)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return gateways
}

const publicCertificateProblems = (file: string | undefined): string[] =>
  file === undefined ? [] : authoritiesProblem(file).map((each) => `PUBLIC_TLS_CERTIFICATE: ${each}`)

/** The gateway of the single settings, when any of them is set. */
function singleEntry(texts: ReadonlyMap<string, string>): Entry[] {
  const json: JsonObject = {}
  for (const [member, variable] of Object.entries(members)) {
    const text = variable && texts.get(variable)
    if (text === undefined) continue
    json[member] = member === 'anchors' ? text.split(',').map((each) => each.trim()) : text
  }
  if (Object.keys(json).length === 0) return []
  const nameOf = (member: Member) => members[member] ?? member
  return [{ json: { id: 'main', ...json }, folder: '.', place: '', nameOf }]
}

function listedEntries(text: string | undefined, readText: (path: string) => string, problems: string[]): Entry[] {
  if (text === undefined) return []
  try {
    const isInline = /^\s*[[{]/.test(text)
    const json = parseJson(isInline ? text : readText(text))
    if (!Array.isArray(json)) throw new Error('a JSON array of gateways is wanted')
    const folder = isInline ? '.' : path.dirname(text)
    return json.flatMap((each, at) => listedEntry(each, at, { folder, problems }))
  } catch (error) {
    problems.push(`GATEWAYS: ${errorText(error)}`)
    return []
  }
}

function listedEntry(json: Json, at: number, { folder, problems }: { folder: string; problems: string[] }): Entry[] {
  const place = `GATEWAYS, gateway ${at + 1}: `
  if (isJsonObject(json)) return [{ json, folder, place, nameOf: (member) => member }]
  problems.push(`${place}an object is wanted`)
  return []
}

/** Which members take what. */
const accepted: Record<Member, (value: Json) => string | undefined> = {
  id: (value) => wanted(isText(value) && /^[a-z0-9][a-z0-9-]{0,31}$/.test(value), 'a short name of a-z, 0-9 and -'),
  url: urlProblem,
  country: (value) => wanted(isText(value) && /^[A-Z]{2}$/.test(value), 'two capital letters (ISO 3166-1 alpha-2)'),
  tlsCertificate: pathProblem,
  tlsKey: pathProblem,
  tlsPasswordFile: pathProblem,
  ca: pathProblem,
  uploadCertificate: pathProblem,
  uploadKey: pathProblem,
  uploadPasswordFile: pathProblem,
  anchors: (value) =>
    wanted(
      [value].flat().every((each) => isText(each) && each !== ''),
      'a path or a list of paths',
    ),
  target: (value) => wanted(value === 'FEDERATION' || value === 'GATEWAYONLY', 'FEDERATION or GATEWAYONLY'),
  mode: (value) => wanted(value === 'APPEND' || value === 'OVERRIDE', 'APPEND or OVERRIDE'),
  withFederation: (value) => wanted(typeof value === 'boolean', 'true or false'),
}

const isText = (value: Json | undefined): value is string => typeof value === 'string'
const wanted = (isFine: boolean, what: string) => (isFine ? undefined : `must be ${what}`)

function pathProblem(value: Json): string | undefined {
  return wanted(isText(value) && value !== '', 'the path of a file')
}

/** What is given in place of a file's path may be what the file should hold. */
function secretProblem(value: Json, folder: string): string | undefined {
  const problem = isText(value) ? missingSecret(value, existsSync(path.resolve(folder, value))) : undefined
  return problem && `names no file: ${problem}`
}

function urlProblem(value: Json): string | undefined {
  const url = isText(value) ? URL.parse(value) : null
  const isFine =
    url?.protocol === 'https:' && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  return wanted(isFine === true, 'an https address without query and user')
}

function entryProblems({ json, folder, nameOf }: Entry): string[] {
  const problems = Object.keys(json).flatMap((name) => {
    const value = json[name] ?? null
    if (!isMember(name)) return [unknownMember(name, Object.keys(members))]
    const problem = accepted[name](value) ?? secretProblem(accepted[name] === pathProblem ? value : null, folder)
    return problem === undefined ? [] : [`${nameOf(name)} ${problem}`]
  })
  for (const name of ['id', 'url', 'country', 'tlsCertificate'] as const)
    if (!(name in json)) problems.push(`${nameOf(name)} is missing`)
  for (const name of ['uploadKey', 'uploadPasswordFile'] as const)
    if (name in json && !('uploadCertificate' in json))
      problems.push(`${nameOf(name)} is set, and ${nameOf('uploadCertificate')} is not`)
  return problems
}

/** Of an entry that {@link entryProblems} has nothing against. */
function settingsOf({ json, folder }: Entry): GatewaySettings {
  const text = (name: Member) => (isText(json[name]) ? json[name] : undefined)
  const file = (name: Member) => (isText(json[name]) ? path.resolve(folder, json[name]) : undefined)
  const files = (role: 'tls' | 'upload'): KeyFiles | undefined => {
    const [certificate, key, passwordFile] = [
      file(`${role}Certificate`),
      file(`${role}Key`),
      file(`${role}PasswordFile`),
    ]
    if (certificate === undefined) return undefined
    return { certificate, ...(key ? { key } : {}), ...(passwordFile ? { passwordFile } : {}) }
  }
  const [ca, upload] = [file('ca'), files('upload')]
  return {
    id: text('id') ?? '',
    url: (text('url') ?? '').replace(/\/+$/, ''),
    country: text('country') ?? '',
    tls: files('tls') ?? { certificate: '' },
    ...(ca ? { ca } : {}),
    ...(upload ? { upload } : {}),
    anchors: [json.anchors ?? []].flat().map((each) => path.resolve(folder, String(each))),
    target: json.target === 'FEDERATION' ? 'FEDERATION' : 'GATEWAYONLY',
    mode: json.mode === 'OVERRIDE' ? 'OVERRIDE' : 'APPEND',
    withFederation: json.withFederation === true,
  }
}

/** What is wrong with the files that a gateway's settings name. */
function fileProblems({ tls, upload, ca, anchors, country }: GatewaySettings, { nameOf }: Entry): string[] {
  const told = (member: Member, problems: string[]) => problems.map((each) => `${nameOf(member)}: ${each}`)
  return [
    ...told('tlsCertificate', keyFileProblems(tls, country)),
    ...(upload ? told('uploadCertificate', keyFileProblems(upload, country)) : []),
    ...(ca ? told('ca', authoritiesProblem(ca)) : []),
    ...anchors.flatMap((file) => told('anchors', authoritiesProblem(file))),
  ]
}
