/** The test PKI of a network in memory: trust anchor and server of a gateway, and for every participant all roles with their keys. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CertificateWish, makeCertificate, type PkiKey } from './certificate.ts'
import { makeCms } from './cms.ts'

export type { PkiKey } from './certificate.ts'

/** What the gateway's operator stores of a certificate that was onboarded: the trust anchor's CMS over it. */
export interface OnboardingRecord {
  /** CMS with the certificate inside, base64. */
  trustAnchorSignature: string
  /** DER, base64. */
  certificateRawData: string
  /** SHA-256 over the DER, hex. */
  certificateThumbprint: string
  country: string
}

/** Document signers that every participant has at once; `rsa` is made when it is asked for. */
export const signerNames = ['all', 'test', 'vaccination', 'recovery', 'any', 'expired'] as const
export type SignerName = (typeof signerNames)[number] | 'rsa'

const anchored = ['SCA', 'TLS', 'UP', 'DECA'] as const

/** A participant. */
export interface PkiParticipant {
  /** Alpha-2. */
  country: string
  /** Signer certificate authority. */
  sca: PkiKey
  /** Client certificate for mutual TLS. */
  tls: PkiKey
  /** Signs what is uploaded. */
  up: PkiKey
  /** Data exchange authority, and a certificate under it. */
  deca: PkiKey
  desc: PkiKey
  /** Names the participant, under an authority of the same name that nobody onboarded. */
  foreignDsc: PkiKey
  dsc(name: SignerName): PkiKey
  record(role: (typeof anchored)[number]): OnboardingRecord
}

/** The whole. */
export interface TestPki {
  /** Signs onboarding records, issues nothing. */
  anchor: PkiKey
  /** The gateway's server certificate for localhost, 127.0.0.1 and ::1: its own authority. */
  tls: PkiKey
  countries: string[]
  /** @throws Error for a country that is not there */
  of(country: string): PkiParticipant
  /** Adds participants. */
  add(...countries: string[]): void
  /** A further certificate, by default of two years from when the PKI begins, for signatures. */
  make(wish: Pick<CertificateWish, 'name' | 'subject'> & Partial<CertificateWish>): PkiKey
  /** The anchor's record of any certificate. */
  sign(key: PkiKey, country?: string): OnboardingRecord
  /** Every key made so far, in the order of file names. */
  all(): PkiKey[]
  /** Writes all files of all keys made so far into a folder, under the names that tools of the network use. */
  write(folder: string): void
}

const day = 86_400_000
const base = '1.3.6.1.4.1.1847.2021.1'
const health = { test: `${base}.1`, vaccination: `${base}.2`, recovery: `${base}.3` }
const clientAuth = '1.3.6.1.5.5.7.3.2'
const serverAuth = '1.3.6.1.5.5.7.3.1'
const signing: Pick<CertificateWish, 'keyUsage'> = { keyUsage: ['digitalSignature'] }
const authority: Pick<CertificateWish, 'keyUsage' | 'authority'> = {
  keyUsage: ['keyCertSign', 'cRLSign'],
  authority: 0,
}

/** Options of a PKI: who takes part, and when its certificates begin (by default yesterday). */
export interface PkiOptions {
  countries?: string[]
  from?: Date
}

/** Makes it; some 25 keys for two participants. */
export function testPki({ countries = ['XA', 'XB'], from = new Date(Date.now() - day) }: PkiOptions = {}): TestPki {
  const period = (days: number) => ({ notBefore: from, notAfter: new Date(from.getTime() + days * day) })
  const operator = (commonName: string) => ({ country: 'CH', organization: 'Test GDHCN', commonName })
  const anchor = makeCertificate({
    name: 'TNG_TA',
    subject: operator('TNG_TA test anchor'),
    keyUsage: ['digitalSignature', 'keyCertSign', 'cRLSign'],
    authority: true,
    ...period(3650),
  })
  const tls = makeCertificate({
    name: 'TNG_TLS',
    subject: operator('localhost'),
    keyUsage: ['digitalSignature', 'keyCertSign'],
    authority: true,
    extendedKeyUsage: [serverAuth],
    hosts: ['localhost'],
    addresses: ['127.0.0.1', '::1'],
    ...period(825),
  })
  const participants = new Map<string, Participant>()
  const pki: TestPki = {
    anchor,
    tls,
    countries: [],
    of(country) {
      const found = participants.get(country)
      if (!found) throw new Error(`the test PKI has no participant ${country}`)
      return found
    },
    add(...added) {
      for (const country of added.filter((each) => !participants.has(each))) {
        participants.set(country, new Participant(country, anchor, period))
        pki.countries.push(country)
      }
    },
    make: (wish) => makeCertificate({ ...signing, ...period(730), ...wish }),
    sign: (key, country = key.country) => onboardingRecord(key, anchor, country),
    all: () => [anchor, tls, ...[...participants.values()].flatMap((each) => each.keys())].sort(byName),
    write: (folder) => writeFiles(folder, pki.all(), [...participants.values()]),
  }
  pki.add(...countries)
  return pki
}

const byName = (a: PkiKey, b: PkiKey) => (a.name < b.name ? -1 : 1)

function onboardingRecord(key: PkiKey, anchor: PkiKey, country: string): OnboardingRecord {
  return {
    trustAnchorSignature: makeCms(key.certificate.raw, anchor).toString('base64'),
    certificateRawData: key.certificate.raw.toString('base64'),
    certificateThumbprint: key.thumbprint,
    country,
  }
}

class Participant implements PkiParticipant {
  readonly country: string
  readonly sca: PkiKey
  readonly tls: PkiKey
  readonly up: PkiKey
  readonly deca: PkiKey
  readonly desc: PkiKey
  readonly foreignDsc: PkiKey
  readonly #signers = new Map<SignerName, PkiKey>()
  readonly #records = new Map<string, OnboardingRecord>()
  readonly #anchor: PkiKey
  readonly #period: (days: number) => { notBefore: Date; notAfter: Date }

  constructor(country: string, anchor: PkiKey, period: (days: number) => { notBefore: Date; notAfter: Date }) {
    this.country = country
    this.#anchor = anchor
    this.#period = period
    this.sca = this.#own('SCA', 1461, authority)
    this.tls = this.#own('TLS', 365, {
      keyUsage: ['digitalSignature', 'keyCertSign'],
      authority: true,
      extendedKeyUsage: [clientAuth],
    })
    this.up = this.#own('UP', 365, signing)
    this.deca = this.#own('DECA', 1461, authority)
    this.desc = this.#own('DESC', 730, {
      ...signing,
      issuer: this.deca,
      extendedKeyUsage: [clientAuth, serverAuth],
      hosts: ['localhost'],
      addresses: ['127.0.0.1'],
    })
    const namesake = this.#own('SCA', 3650, authority)
    this.foreignDsc = this.#issued('foreign_DSC', `DSC all ${country}`, { issuer: namesake })
    for (const name of signerNames) this.dsc(name)
  }

  dsc(name: SignerName): PkiKey {
    const made = this.#signers.get(name) ?? this.#signer(name)
    this.#signers.set(name, made)
    return made
  }

  record(role: (typeof anchored)[number]): OnboardingRecord {
    const key = { SCA: this.sca, TLS: this.tls, UP: this.up, DECA: this.deca }[role]
    const made = this.#records.get(role) ?? onboardingRecord(key, this.#anchor, this.country)
    this.#records.set(role, made)
    return made
  }

  keys(): PkiKey[] {
    const { sca, tls, up, deca, desc, foreignDsc } = this
    return [sca, tls, up, deca, desc, foreignDsc, ...this.#signers.values()]
  }

  #signer(name: SignerName): PkiKey {
    const uses = { all: Object.values(health), any: [], rsa: [health.vaccination], expired: [health.vaccination] }
    const extendedKeyUsage = name in health ? [health[name as keyof typeof health]] : uses[name as keyof typeof uses]
    const past = { notBefore: new Date('2021-06-01T00:00:00Z'), notAfter: new Date('2022-06-01T00:00:00Z') }
    return this.#issued(`DSC_${name}`, `DSC ${name} ${this.country}`, {
      issuer: this.sca,
      extendedKeyUsage,
      ...(name === 'rsa' ? { algorithm: 'RSA-3072' } : {}),
      ...(name === 'expired' ? past : {}),
    })
  }

  #subject = (commonName: string) => ({
    country: this.country,
    organization: `Test Ministry ${this.country}`,
    commonName,
  })

  #own(role: string, days: number, wish: Pick<CertificateWish, 'keyUsage'> & Partial<CertificateWish>): PkiKey {
    const subject = this.#subject(`Nation${this.country}_TNP_${role}`)
    return makeCertificate({ name: `${this.country}_${role}`, subject, ...this.#period(days), ...wish })
  }

  #issued(role: string, commonName: string, wish: Partial<CertificateWish>): PkiKey {
    const name = `${this.country}_${role}`
    return makeCertificate({ name, subject: this.#subject(commonName), ...this.#period(730), ...signing, ...wish })
  }
}

function writeFiles(folder: string, keys: PkiKey[], participants: Participant[]): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const write = (name: string, content: string) => writeFileSync(join(folder, name), content, { mode: 0o600 })
  for (const { name, pem, keyPem } of keys) {
    write(`${name}.pem`, pem)
    write(`${name}.key`, keyPem)
  }
  for (const participant of participants)
    for (const role of anchored)
      write(`${participant.country}_${role}.signed.json`, `${JSON.stringify(participant.record(role))}\n`)
  const index = keys.map(({ role, country, name, keyId, thumbprint }) => ({
    role,
    country,
    file: `${name}.pem`,
    kid: keyId,
    thumbprint,
  }))
  write('index.json', `${JSON.stringify(index, null, 2)}\n`)
}
