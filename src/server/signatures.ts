/** Signatures on artefacts: whose keys count for them, what is judged when something is written, and what this server signs itself. */
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { sha256Hex } from '../base/crypto/sha256.ts'
import { canonicalJson } from '../base/json.ts'
import type { Config } from '../config.ts'
import { FhirError, issue } from '../fhir/error.ts'
import type { Bundle, Issue, Resource } from '../fhir/types.ts'
import type { HttpHooks } from '../http/context.ts'
import type { OperationContext } from '../operations/context.ts'
import { didWebOf } from '../provenance/did-web.ts'
import type { SigningKeys } from '../provenance/keys.ts'
import { type KeyRevocations, openKeyRevocations, withRevocations } from '../provenance/revocations.ts'
import { ownKeys, type RevocationReason } from '../provenance/signature/own-keys.ts'
import { signArtefact, signBundleWith } from '../provenance/signature/sign.ts'
import { type AskedKey, didUrl, type JudgedKey, type SignatureTrust } from '../provenance/signature/signer.ts'
import { allowedKeys } from '../provenance/signature/signers.ts'
import { verifyBundle, verifyProvenance } from '../provenance/signature/verify.ts'
import type { SigningKey } from '../provenance/signing-key.ts'
import { type CompleteParts, completeProvenance } from '../publish/provenance/complete.ts'
import { requiredBy, unsignedAmong } from '../publish/provenance/policy.ts'
import { type Revoked, revokeKey } from '../publish/provenance/revoke-key.ts'
import { createRuleGuard, type RuleGuard } from '../publish/provenance/rule-guard.ts'
import { authorityOf } from '../publish/provenance/signing-authority.ts'
import { openStorage } from '../storage/open.ts'
import type { Storage } from '../storage/storage.ts'
import { artefactSigners, objectionTo } from '../trust/verify/signers.ts'
import type { TrustKeys } from '../trust/verify/steps.ts'
import { signingKeys } from './provenance.ts'

/** What signatures are judged and made with. */
interface SignatureParts {
  config: Pick<Config, 'signers' | 'requireSignature' | 'authority' | 'signing'>
  storage: Storage
  trust: { keys(): TrustKeys }
  keys: SigningKeys
  baseUrl(): string
  software: { name: string; version: string }
  now(): Date
}

/** Signatures of one server. */
export interface Signatures {
  /** What operations are given. */
  context: { signatures: OperationContext['signatures']; guard: RuleGuard }
  /** The keys of this server, of which those that were withdrawn sign no more. */
  keys: SigningKeys
  revocations: KeyRevocations
  /** What guards rules as of a moment: by the keys that counted then, and over the store of then. */
  guardThen(then: { at: Date; now(): Date; storage: Storage; keys(): TrustKeys }): RuleGuard
  /** What of own keys was known to be withdrawn at a moment, as a text that is another for anything else; the marks are read anew. */
  withdrawnThen(at: Date): Promise<string>
  /** Why an artefact that comes with others does not become active. */
  unsigned(resource: Resource, beside: readonly Resource[]): Promise<Issue | undefined>
  /**
   * Withdraws a key of this server, and signs again by the current one what is active.
   * @throws Error when it cannot be stored
   */
  revoke(key: SigningKey, mark: { at: Date; reason: RevocationReason }): Promise<Revoked>
  /** Completes the writes of a request whose writer was judged. */
  complete: NonNullable<HttpHooks['completeWrites']>
}

/**
 * Signatures over a store.
 * @throws Error when it has a mark of a withdrawn key that cannot be read
 */
export async function createSignatures(parts: SignatureParts): Promise<Signatures> {
  const { config, storage, now, baseUrl, software } = parts
  const revocations = await openKeyRevocations(storage, now)
  const keys = withRevocations(parts.keys, revocations)
  const trust = signatureTrust({ ...parts, keys }, revocations)
  const at = (moment?: Date) => ({ ...trust, at: moment ?? now() })
  const completing: CompleteParts = {
    storage,
    verify: (provenance, resource) => verifyProvenance({ provenance, resource }, at()),
    isRequired: requiredBy(config.requireSignature),
    // The key that a development server makes for itself is nobody's word.
    signSource: async (resource) => {
      const key = config.signing.current ? keys.current() : undefined
      return key && signArtefact(resource, { key, did: didWebOf(baseUrl()), at: now(), purpose: 14 })
    },
    baseUrl,
    software: `${software.name} ${software.version}`,
    now,
    uuid: () => randomUUID(),
  }
  return {
    keys,
    revocations,
    async complete(writes, by) {
      // Another process may have withdrawn a key.
      await revocations.refresh()
      return completeProvenance(writes, by, completing)
    },
    revoke: (key, mark) =>
      revokeKey(key, mark, {
        storage,
        revocations,
        current: () => keys.current(),
        sign: (resource, by, purpose) =>
          signArtefact(resource, { key: by, did: didWebOf(baseUrl()), at: now(), purpose }),
        verifyOwn: (provenance, resource) =>
          verifyProvenance({ provenance, resource }, { ...trust, ...ownTrust(parts), at: now() }),
        recorder: () => ({
          recorded: now().toISOString(),
          baseUrl: baseUrl(),
          software: completing.software,
          principal: undefined,
        }),
        uuid: completing.uuid,
      }),
    guardThen({ at: moment, now: clock, storage: past, keys: keysThen }) {
      const marks = revocations.knownAt(moment)
      const known = { ...revocations, known: () => marks }
      const own = { ...parts, trust: { keys: keysThen }, keys: withRevocations(parts.keys, known) }
      const then = signatureTrust(own, known)
      return createRuleGuard({
        storage: past,
        verify: (provenance, resource) => verifyProvenance({ provenance, resource }, { ...then, at: clock() }),
        isRequired: completing.isRequired,
        refresh: async () => {},
        now: clock,
      })
    },
    async withdrawnThen(moment) {
      // Another process may have withdrawn a key.
      await revocations.refresh()
      return sha256Hex(canonicalJson(revocations.knownAt(moment).map((each) => ({ ...each }))))
    },
    unsigned: (resource, beside) => unsignedAmong(resource, beside, completing),
    context: {
      guard: createRuleGuard({ ...completing, storage, refresh: revocations.refresh }),
      signatures: {
        async verify(provenance, resource, moment) {
          await revocations.refresh()
          return verifyProvenance({ provenance, resource }, at(moment))
        },
        async verifyBundle(bundle, moment) {
          await revocations.refresh()
          return verifyBundle(bundle, at(moment))
        },
        async signBundle(bundle) {
          await revocations.refresh()
          return signPackage(bundle, keys, { did: didWebOf(baseUrl()), at: now() })
        },
      },
    },
  }
}

/**
 * The keys of a configuration with the marks of its store, for who opens nothing else.
 * @throws Error when a file, the store or a mark in it cannot be read
 */
export async function markedKeys(config: Config, now: () => Date): Promise<SigningKeys> {
  const keys = await signingKeys(config, now)
  mkdirSync(config.dataDir, { recursive: true })
  const storage = await openStorage(config.storageUrl, { dataDir: config.dataDir })
  try {
    return withRevocations(keys, await openKeyRevocations(storage, now))
  } finally {
    await storage.close()
  }
}

/** The keys of this server alone, with nothing held against them. */
const ownTrust = ({ keys, baseUrl }: Pick<SignatureParts, 'keys' | 'baseUrl'>): Pick<SignatureTrust, 'findKeys'> => ({
  findKeys: (asked) => ownKeys(keys.all(), didWebOf(baseUrl()), { ...asked, revocations: [] }),
})

/** As the HL7 validator reads signatures of Bundles: ES256, with the certificate. @throws FhirError 422 without such a key */
function signPackage(bundle: Bundle, keys: SigningKeys, by: { did: string; at: Date }): Promise<Bundle> {
  const key = keys.current()
  if (key?.algorithm === 'ES256' && key.certificate) return signBundleWith(bundle, { ...by, key, purpose: 14 })
  const text =
    'This server has no key on P-256 with a certificate that is in force (SIGNING_KEY, SIGNING_CERTIFICATE): it signs no packages.'
  throw new FhirError(422, issue('not-supported', text))
}

/** Whose keys count: those of this server, of the trust lists (usage UP), and of the configuration. */
function signatureTrust(
  { config, trust, keys, baseUrl }: Pick<SignatureParts, 'config' | 'trust' | 'keys' | 'baseUrl'>,
  revocations: KeyRevocations,
): SignatureTrust {
  const grants = [...config.signers, ...config.authority.participants]
  return {
    findKeys(asked) {
      if (asked.keyId === undefined) return 'its header names no key (kid)'
      const index = trust.keys()
      const found = [
        ...ownKeys(keys.all(), didWebOf(baseUrl()), { ...asked, revocations: revocations.known() }),
        ...listedKeys(asked, index),
        ...allowedKeys(config.signers, asked, (key, certificate) => objectionTo(key, certificate, index)),
      ]
      return found.length > 0 ? found : 'no key is known here by this key id'
    },
    authority: authorityOf(grants),
  }
}

/** Keys that trust lists have under the key id, or under what stands behind `#` of a DID URL. */
function listedKeys({ keyId = '', issuer, certificates, signedAt }: AskedKey, keys: TrustKeys): JudgedKey[] {
  const question = { certificates, at: signedAt }
  const exact = artefactSigners({ ...question, keyId }, keys)
  const named = didUrl(keyId)
  const byPart = named && exact.length === 0 ? artefactSigners({ ...question, keyId: named.fragment }, keys) : []
  return [...exact, ...byPart].map(({ key, known, chain, revocation }): JudgedKey => {
    // A key id of one DID in a message of another says nothing of who signed.
    const isOther = byPart.length > 0 && issuer !== undefined && issuer !== named?.did
    return {
      publicKey: key.publicKey,
      ...(key.algorithm === undefined ? {} : { algorithm: key.algorithm }),
      signer: { keyId: key.keyId, participant: key.participant, lists: key.lists },
      key: isOther ? { fail: 'its header names one issuer (iss), and a key of another (kid)' } : known,
      chain,
      revocation,
    }
  })
}
