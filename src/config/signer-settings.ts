/** Settings of who may sign what is published here, and of what must be signed. */
import { X509Certificate } from 'node:crypto'
import { participantFault } from '../authority/participant.ts'
import {
  type Problem,
  type ReadFile,
  readEntries,
  readGrant,
  readList,
  readText,
} from '../authority/settings/read-entries.ts'
import { pemCertificates } from '../base/crypto/pem.ts'
import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
import { errorText } from '../base/system-error.ts'
import { isResource } from '../fhir/elements.ts'
import { parseJson } from '../fhir/json.ts'
import type { AllowedKey, AllowedSigner } from '../provenance/signature/signers.ts'
import type { SignatureRule } from '../publish/provenance/policy.ts'
import { publicKeyFromJwk } from '../trust/keys/jwk.ts'
import type { Setting } from './setting.ts'

/** The settings, in the order of the README's table. */
export const signerSettings = [
  {
    variable: 'SIGNERS',
    kind: 'text',
    description:
      'Whose signatures on artefacts count (docs/provenance.md): a JSON array, or a file that holds one, of `{"issuer"? or "participant"?, "name"?, "canonicalPrefixes", "jurisdictions"?, "keys"?, "anchors"?}`: the DID that signs with these public keys (a JWK Set), or the participant whose upload keys (UP) the trust lists name; `anchors` (PEM) issue upload certificates alone. Entries of PARTICIPANTS count, too.',
  },
  {
    variable: 'REQUIRE_SIGNATURE',
    kind: 'text',
    fallbackText: 'nothing',
    description:
      'What becomes active with the valid signature of an author alone: `all`, or a JSON array (or a file that holds one) of `{"types"?, "jurisdictions"?, "canonicalPrefixes"?}`; an artefact that meets all members of an entry is refused without one (422), and stored as a draft by an import.',
  },
] as const satisfies readonly Setting[]

/** What the settings say. */
export interface SignerConfig {
  signers: readonly AllowedSigner[]
  requireSignature: readonly SignatureRule[]
}

/**
 * Reads the settings and the files that they name.
 * @param texts the texts of the settings that are set
 * @throws Error whose message has every problem, one a line
 */
export function parseSigners(texts: ReadonlyMap<string, string>, readFile: ReadFile): SignerConfig {
  const problems: string[] = []
  const problem = (text: string) => void problems.push(text)
  const [signers, rules] = [texts.get('SIGNERS'), texts.get('REQUIRE_SIGNATURE')]
  const config: SignerConfig = {
    signers: signers === undefined ? [] : readSigners(signers, readFile, problem),
    requireSignature: rules === undefined ? [] : rules.trim() === 'all' ? [{}] : readRules(rules, readFile, problem),
  }
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return config
}

const signerMembers = ['issuer', 'participant', 'name', 'canonicalPrefixes', 'jurisdictions', 'keys', 'anchors']

function readSigners(text: string, readFile: ReadFile, problem: Problem): AllowedSigner[] {
  const entries = readEntries(text, { place: 'SIGNERS', members: signerMembers, readFile, problem })
  return entries.map(({ entry, problem: own }) => {
    const { issuer, participant } = entry
    if ((issuer === undefined) === (participant === undefined)) own('either issuer or participant must say who signs')
    if (issuer !== undefined && !(typeof issuer === 'string' && /^did:[a-z0-9]+:[^#\s]+$/.test(issuer)))
      own('issuer must be a DID, such as did:web:health.example')
    const fault = participant === undefined ? undefined : participantFault(String(participant))
    if (fault !== undefined) own(fault)
    if (entry.canonicalPrefixes === undefined) own('canonicalPrefixes must say what it may sign')
    const keys = readKeys(entry.keys, readFile, own)
    const anchors = readAnchors(entry.anchors, readFile, own)
    if (issuer === undefined && (keys.length > 0 || anchors.length > 0))
      own('keys and anchors belong to an issuer; those of a participant stand in the trust lists')
    if (issuer !== undefined && keys.length === 0 && anchors.length === 0) own('an issuer needs keys or anchors')
    const grant = readGrant({ ...entry, jurisdictions: entry.jurisdictions ?? ['*'] }, own)
    return {
      ...(typeof issuer === 'string' ? { issuer } : {}),
      ...(typeof participant === 'string' ? { participant } : {}),
      ...(entry.name === undefined ? {} : { name: readText(entry, 'name', own) }),
      canonicalPrefixes: grant.canonicalPrefixes,
      jurisdictions: grant.jurisdictions,
      keys,
      anchors,
    }
  })
}

/** A JWK Set, or the path of a file that holds one. */
function readKeys(value: Json | undefined, readFile: ReadFile, problem: Problem): AllowedKey[] {
  if (value === undefined) return []
  const set = typeof value === 'string' ? readJson(value, readFile, problem) : value
  const keys = isJsonObject(set) ? set.keys : set
  if (!Array.isArray(keys)) {
    problem('keys must be a JWK Set, or the path of a file that holds one')
    return []
  }
  return keys.flatMap((each, at) => (isJsonObject(each) ? readKey(each, (text) => problem(`keys[${at}] ${text}`)) : []))
}

function readJson(path: string, readFile: ReadFile, problem: Problem): Json | undefined {
  try {
    return parseJson(readFile(path))
  } catch (error) {
    problem(`keys: ${errorText(error)}`)
    return undefined
  }
}

function readKey(jwk: JsonObject, problem: Problem): AllowedKey[] {
  const { kid, alg, nbf, exp, use } = jwk
  for (const member of ['d', 'k', 'p', 'q']) if (jwk[member] !== undefined) problem('is no public key')
  if (use !== undefined && use !== 'sig') problem('is not for signatures (use)')
  if (jwk.revoked !== undefined) problem('is withdrawn (revoked)')
  const publicKey = publicKeyFromJwk(jwk)
  if (!publicKey) problem('cannot be read')
  if (typeof kid !== 'string' || kid === '') problem('has no key id (kid)')
  const timeOf = (name: string, value: Json | undefined): Date | undefined => {
    if (value === undefined) return undefined
    if (typeof value !== 'number' || Number.isNaN(new Date(value * 1000).getTime())) problem(`${name} is no time`)
    return new Date(Number(value) * 1000)
  }
  const [from, until] = [timeOf('nbf', nbf), timeOf('exp', exp)]
  if (!publicKey || typeof kid !== 'string') return []
  return [
    {
      keyId: kid,
      publicKey,
      ...(typeof alg === 'string' ? { algorithm: alg } : {}),
      ...(from ? { from } : {}),
      ...(until ? { until } : {}),
    },
  ]
}

/** Certificates in PEM, or paths of files that hold them. */
function readAnchors(value: Json | undefined, readFile: ReadFile, problem: Problem): X509Certificate[] {
  if (value === undefined) return []
  const texts = readList(typeof value === 'string' ? [value] : value, 'anchors', { fault: () => undefined, problem })
  return texts.flatMap((text) => {
    try {
      const pem = text.includes('-----BEGIN ') ? text : readFile(text)
      const found = pemCertificates(pem).map((each) => new X509Certificate(each))
      if (found.length === 0) problem('anchors: no certificate in PEM')
      for (const each of found) if (!each.ca) problem('anchors: a certificate is that of no authority')
      return found
    } catch (error) {
      problem(`anchors: ${errorText(error)}`)
      return []
    }
  })
}

const ruleMembers = ['types', 'jurisdictions', 'canonicalPrefixes']

function readRules(text: string, readFile: ReadFile, problem: Problem): SignatureRule[] {
  const entries = readEntries(text, { place: 'REQUIRE_SIGNATURE', members: ruleMembers, readFile, problem })
  return entries.map(({ entry, problem: own }) => {
    if (Object.keys(entry).length === 0) own('it names nothing; everything is "all"')
    for (const name of ruleMembers)
      if (Array.isArray(entry[name]) && entry[name].length === 0)
        own(`${name} is empty, so that the entry means nothing`)
    const { canonicalPrefixes, jurisdictions } = readGrant(entry, own)
    const types = readList(entry.types, 'types', {
      fault: (type) => (isResource(type) ? undefined : 'a resource type of FHIR R4 is wanted'),
      problem: own,
    })
    return {
      ...(entry.types === undefined ? {} : { types }),
      ...(entry.jurisdictions === undefined ? {} : { jurisdictions }),
      ...(entry.canonicalPrefixes === undefined ? {} : { canonicalPrefixes }),
    }
  })
}
