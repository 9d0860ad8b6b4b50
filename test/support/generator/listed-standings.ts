import { createHash, generateKeyPairSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DeclaredKey } from '../checker/declared.ts'
import { forgeByContext, writeDidList } from './did-list.ts'
import { alpha3, type Kind } from './documents.ts'
import {
  bareSigner,
  certifiedSigner,
  farAhead,
  jwkOf,
  longAgo,
  revokedCards,
  type Signer,
  type SignerWish,
} from './signers.ts'
import {
  cardIssuer,
  events,
  kindsOf,
  kindsWithEvent,
  type Standing,
  usages,
  type Verdict,
  wrongArc,
} from './standings.ts'

/** Configured trust lists, and everybody who signs under them or pretends to. */
export interface ListedWorld {
  standings: Standing[]
  /** For TRUST_LISTS. */
  trustLists: string
}

interface Row {
  name: string
  kinds: readonly Kind[]
  verdict: Verdict
  signer: Signer
  /** Entries that lists have because of it. */
  entries: DeclaredKey[]
  trustDomains?: string[]
  cardIssuer?: string
  isNameless?: boolean
}

type Said = Partial<DeclaredKey>

/** Entry of the network's list, whose document signers must stand under a listed authority. */
const network = ({ key, country }: Signer, said: Said = {}): DeclaredKey => {
  const entry = {
    ...key,
    list: 'network',
    participant: alpha3[country] ?? country,
    domain: 'DCC',
    usage: 'DSC',
    ...said,
  }
  return { ...entry, isChainDemanded: entry.usage === 'DSC' }
}
/** Entry of the ministry's own folder. */
const ministry = ({ key, country }: Signer, said: Said = {}): DeclaredKey => ({
  ...key,
  list: 'ministry',
  participant: alpha3[country] ?? country,
  usage: 'DSC',
  ...said,
})

const dcc: Kind[] = ['dcc-v', 'dcc-t', 'dcc-r']
const ddcc: Kind[] = ['ddcc-vs', 'ddcc-tr', 'flat-v', 'flat-t']
const hcert = kindsOf('hcert')

function networkRows(sca: Signer, french: Signer): Row[] {
  const dsc = (wish: SignerWish = {}) => certifiedSigner({ authority: sca, ...wish })
  const row = (name: string, verdict: Verdict, signer: Signer, more: Partial<Row> & { said?: Said } = {}): Row => {
    const { said, ...others } = more
    return { name, kinds: dcc, verdict, signer, entries: [network(signer, said)], ...others }
  }
  const withdrawn = (status: 'revoked' | 'terminated') => {
    const signer = dsc()
    return row(`the ministry calls it ${status}`, 'bad', signer, {
      entries: [network(signer), ministry(signer, { status })],
    })
  }
  const listed = dsc()
  return [
    row('listed', 'good', listed),
    row('listed in the domain DDCC', 'good', dsc(), { kinds: ddcc, said: { domain: 'DDCC' } }),
    row('listed in the domain ICVP', 'good', dsc(), {
      kinds: ['icvp', 'icvp-polio', 'icvp-vx'],
      said: { domain: 'ICVP' },
    }),
    row('listed for two domains', 'good', listed, {
      entries: [network(listed, { domain: 'PH4H' })],
      trustDomains: ['DCC'],
    }),
    row('listed in the domain that is asked for', 'good', dsc(), { trustDomains: ['PH4H', 'DCC'] }),
    row('listed in a domain that is not asked for', 'bad', dsc(), { trustDomains: ['PH4H'] }),
    row('listed for DCC, signs another certificate', 'bad', dsc(), { kinds: ['icvp', 'dvc'] }),
    row('listed for ICVP, signs a DCC', 'bad', dsc(), { said: { domain: 'ICVP' } }),
    ...events.flatMap((event) => {
      const own = { kinds: kindsWithEvent('hcert', event).filter((kind) => dcc.includes(kind)) }
      const others = events.filter((each) => each !== event).map((each) => wrongArc(usages[each]))
      return [
        row(`listed with usage for ${event}`, 'good', dsc({ extendedUsages: [usages[event], usages.tlsClient] }), own),
        row(`listed with usage for all but ${event}`, 'bad', dsc({ extendedUsages: others }), own),
      ]
    }),
    row('listed wrapper of card keys', 'bad', dsc({ extendedUsages: [usages.shc] })),
    row('listed wrapper of raw DCC keys', 'any', dsc({ extendedUsages: [usages.rawDcc] })),
    ...['DECA', 'DESC', 'UP'].map((usage) => row(`listed as ${usage}`, 'bad', dsc(), { said: { usage } })),
    row('the listed authority itself', 'bad', sca, { entries: [] }),
    row('listed, under nobody', 'bad', certifiedSigner()),
    row('listed, its authority did not sign it', 'bad', dsc({ authority: { pretended: sca } })),
    row('listed, under the authority of another participant', 'bad', dsc({ authority: french })),
    row('listed for another participant', 'bad', { ...dsc({ country: 'FR', authority: french }), country: 'FR' }, {}),
    row('not listed, under a listed authority', 'bad', dsc(), { entries: [] }),
    row('a stranger under a listed id', 'bad', bareSigner({ keyId: listed.keyId }), { entries: [] }),
    row('listed and run out', 'bad', dsc(longAgo)),
    row('listed and not valid yet', 'bad', dsc(farAhead)),
    withdrawn('revoked'),
    withdrawn('terminated'),
  ].map((each) =>
    each.name === 'listed for another participant' ? { ...each, signer: { ...each.signer, country: 'DE' } } : each,
  )
}

function ministryRows(local: Signer): Row[] {
  const row = (name: string, verdict: Verdict, said: Said = {}, signer = certifiedSigner()): Row => ({
    name,
    kinds: hcert,
    verdict,
    signer,
    entries: [ministry(signer, said)],
  })
  const underLocal = (authority: SignerWish['authority']) =>
    certifiedSigner({ country: 'XA', ...(authority ? { authority } : {}) })
  const chained = underLocal(local)
  const pretender = underLocal({ pretended: local })
  return [
    row('in the ministry’s folder', 'good'),
    row('in the folder, under its authority there', 'good', { isChainDemanded: true }, chained),
    row('in the folder, its authority there did not sign it', 'bad', { isChainDemanded: true }, pretender),
    ...(['terminated', 'revoked', 'expired'] as const).map((status) =>
      row(`in the folder as ${status}`, 'bad', { status }),
    ),
    row('in the folder until a day gone by', 'bad', { until: longAgo.until }),
    row('in the folder from a day to come', 'bad', { from: farAhead.from }),
    ...['SCA', 'DECA', 'UP'].map((usage) => row(`in the folder as ${usage}`, 'bad', { usage })),
    { ...row('the authority of the folder itself', 'bad', {}, local), entries: [] },
  ]
}

function cardRows(): Row[] {
  const other = 'https://other.example.org/issuer'
  const row = (name: string, verdict: Verdict, more: Partial<Row> & { said?: Said } = {}): Row => {
    const { said, ...others } = more
    const signer = bareSigner()
    const entries = [{ ...signer.key, list: 'cards', issuer: cardIssuer, revoked: revokedCards, ...said }]
    return { name, kinds: kindsOf('shc'), verdict, signer, entries, ...others }
  }
  const country = (name: string, more: Partial<Row>) => {
    const made = bareSigner({ keyId: Buffer.from(name).subarray(0, 12).toString('base64') })
    return row(name, 'bad', {
      kinds: hcert,
      signer: made,
      entries: [{ ...made.key, list: 'cards', issuer: cardIssuer }],
      ...more,
    })
  }
  return [
    row('in the issuer’s key set', 'good'),
    row('in the key set of another issuer', 'bad', { cardIssuer: other }),
    row('in the key set, revoked', 'bad', { said: { status: 'revoked' } }),
    row('in the key set, run out', 'bad', { said: { until: longAgo.until } }),
    row('in the key set, says that it is another issuer’s', 'bad', { cardIssuer: other }),
    country('card key signs for a country', {}),
    country('country by its own word signs for it', {}),
    country('key of cards signs for nobody', { isNameless: true }),
  ]
}

/** In a key set of their own. */
function divocRows(): Row[] {
  const row = (name: string, verdict: Verdict, more: Partial<Row> & { said?: Said } = {}): Row => {
    const { said, ...others } = more
    const signer = bareSigner({ algorithm: 'EdDSA', keyId: `did:divoc:${name.replace(/\W/g, '')}` })
    const entries = [{ ...signer.key, list: 'divoc', issuer: cardIssuer, ...said }]
    return { name, kinds: kindsOf('divoc'), verdict, signer, entries, ...others }
  }
  return [
    row('DIVOC key in its issuer’s set', 'good'),
    row('DIVOC key in the set of another issuer', 'bad', { cardIssuer: 'https://other.example.org/issuer' }),
    row('DIVOC key in the set, revoked', 'bad', { said: { status: 'revoked' } }),
  ]
}

function sealRows(sca: Signer, french: Signer): Row[] {
  const under = (authority: SignerWish['authority'], more: SignerWish = {}) => {
    const made = certifiedSigner({ extendedUsages: [usages.seal], ...(authority ? { authority } : {}), ...more })
    return { ...made, key: { participant: made.country, ...made.key } }
  }
  const row = (name: string, verdict: Verdict, signer: Signer, entries: DeclaredKey[] = []): Row => ({
    name,
    kinds: kindsOf('icao-vds-nc'),
    verdict,
    signer,
    entries,
  })
  const pinned = under(sca)
  const revoked = under(sca)
  const abroad = under(french, { country: 'FR' })
  return [
    row('under the listed authority of seals', 'good', under(sca)),
    row('under it, without usage', 'good', under(sca, { extendedUsages: [] })),
    row('listed signer of seals', 'good', pinned, [
      { ...pinned.key, list: 'seals', participant: 'DEU', usage: 'DSC', isChainDemanded: true },
    ]),
    row('under it, withdrawn by the ministry', 'bad', revoked, [ministry(revoked, { status: 'revoked' })]),
    row('under it, for other things', 'bad', under(sca, { extendedUsages: [usages.t] })),
    row('the listed authority of seals itself', 'bad', { ...sca, key: { ...sca.key, participant: 'DE' } }),
    row('under its name and id, forged', 'bad', under({ pretended: sca })),
    row('under it, run out', 'bad', under(sca, longAgo)),
    row('under another country’s authority', 'bad', { ...abroad, country: 'DE' }),
  ]
}

/** Lists of which one is required, beside one that names whom not to trust. */
export async function withdrawnWorld(folder: string): Promise<ListedWorld> {
  const [sca, french, lost] = ['DE', 'FR', 'XA'].map((country) => certifiedSigner({ country, isAuthority: true }))
  if (!sca || !french || !lost) throw new Error('three authorities were asked for')
  const dsc = (wish: SignerWish = {}) => certifiedSigner({ authority: sca, ...wish })
  const row = (
    name: string,
    verdict: Verdict,
    signer: Signer,
    said: Said = { isDistrusted: verdict === 'bad' },
  ): Row => ({
    name,
    kinds: dcc,
    verdict,
    signer,
    entries: [network(signer, said), ministry(signer, said)],
  })
  const [byThumbprint, byKeyId, elsewhere, here] = [dsc(), dsc(), dsc(), dsc()]
  const rows = [
    row('in the list and in the required one', 'good', dsc()),
    { ...row('in the required list alone', 'good', here), entries: [ministry(here)] },
    {
      ...row('in the list, not in the required one', 'bad', elsewhere),
      entries: [network(elsewhere, { isDistrusted: true })],
    },
    row('distrusted by thumbprint', 'bad', byThumbprint),
    row('distrusted by key id', 'bad', byKeyId),
    row('of a distrusted participant', 'bad', dsc({ country: 'FR', authority: french })),
    row('under a distrusted authority', 'bad', dsc({ country: 'XA', authority: lost })),
  ]
  const authorities = [sca, french, lost].map((each) => network(each, { usage: 'SCA' }))
  const keys = [...authorities, ...rows.flatMap(({ entries }) => entries)]
  const ofList = (list: string) => keys.filter((key) => key.list === list)
  const print = ({ key }: Signer) =>
    createHash('sha256')
      .update(key.certificate ?? '')
      .digest('hex')
  const distrusted = { participants: ['FRA'], thumbprints: [print(byThumbprint), print(lost)], keyIds: [byKeyId.keyId] }
  const pin = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  mkdirSync(folder, { recursive: true })
  const write = (name: string, json: unknown) => writeFileSync(join(folder, name), JSON.stringify(json))
  write('network.json', await writeDidList(ofList('network'), pin.privateKey, new Date('2022-01-01T00:00:00Z')))
  write('pin.json', pin.publicKey.export({ format: 'jwk' }))
  write('distrusted.json', distrusted)
  writeCertificates(join(folder, 'ministry'), ofList('ministry'))
  const sources = [
    { name: 'network', kind: 'did-v2', location: join(folder, 'network.json'), key: [join(folder, 'pin.json')] },
    { name: 'ministry', kind: 'certificates', location: join(folder, 'ministry'), required: true },
    { name: 'distrusted', kind: 'distrusted', location: join(folder, 'distrusted.json') },
  ]
  return {
    standings: rows.map(({ entries: _, ...standing }) => ({ ...standing, keys, cardIssuer })),
    trustLists: JSON.stringify(sources),
  }
}

/** Writes lists of every kind into a folder. */
export async function listedWorld(folder: string): Promise<ListedWorld> {
  const authority = (country: string) => certifiedSigner({ country, isAuthority: true })
  const [sca, french, local, sealSca] = [authority('DE'), authority('FR'), authority('XA'), authority('DE')]
  const hidden = certifiedSigner({ authority: sca })
  const forger = { ...certifiedSigner(), keyId: hidden.keyId }
  const forgery: Row = {
    name: 'listed by a context of its own',
    kinds: dcc,
    verdict: 'bad',
    signer: forger,
    entries: [],
  }
  const rows = [
    forgery,
    ...networkRows(sca, french),
    ...ministryRows(local),
    ...cardRows(),
    ...divocRows(),
    ...sealRows(sealSca, french),
  ]
  const keys = [
    network(sca, { usage: 'SCA' }),
    network(french, { usage: 'SCA' }),
    ministry(local, { usage: 'SCA' }),
    { ...ministry(sealSca, { usage: 'SCA' }), list: 'seals' },
    { ...ministry(french, { usage: 'SCA' }), list: 'seals' },
    ...rows.flatMap(({ entries }) => entries),
  ]
  const ofList = (list: string) => keys.filter((key) => key.list === list)
  const pin = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  mkdirSync(folder, { recursive: true })
  const write = (name: string, json: unknown) => writeFileSync(join(folder, name), JSON.stringify(json))
  write('network.json', await writeDidList(ofList('network'), pin.privateKey, new Date('2022-01-01T00:00:00Z')))
  // A genuine list that one item's own context turns into another's: nothing of it must count.
  const genuine = await writeDidList([network(hidden)], pin.privateKey, new Date('2022-01-01T00:00:00Z'))
  write('altered.json', forgeByContext(genuine, 0, network(forger)))
  write('pin.json', pin.publicKey.export({ format: 'jwk' }))
  // What a key says of itself gives way to the issuer that its source is configured with.
  const words: Record<string, string> = {
    'country by its own word signs for it': 'DE',
    'in the key set, says that it is another issuer’s': 'https://other.example.org/issuer',
  }
  const wordOf = (key: DeclaredKey) => words[rows.find(({ entries }) => entries.includes(key))?.name ?? '']
  const jwks = ofList('cards').map((key) => {
    const { iss: _, ...jwk } = jwkOf(key)
    const iss = wordOf(key)
    return iss === undefined ? jwk : { ...jwk, iss }
  })
  write('cards.json', { keys: jwks })
  const divoc = ofList('divoc').map((key) => {
    const { iss: _, ...jwk } = jwkOf(key)
    return jwk
  })
  write('divoc.json', { keys: divoc })
  for (const list of ['ministry', 'seals']) writeCertificates(join(folder, list), ofList(list))
  const sources = [
    { name: 'network', kind: 'did-v2', location: join(folder, 'network.json'), key: [join(folder, 'pin.json')] },
    { name: 'altered', kind: 'did-v2', location: join(folder, 'altered.json'), key: [join(folder, 'pin.json')] },
    { name: 'ministry', kind: 'certificates', location: join(folder, 'ministry') },
    { name: 'seals', kind: 'certificates', location: join(folder, 'seals') },
    { name: 'cards', kind: 'jwks', location: join(folder, 'cards.json'), issuer: cardIssuer },
    { name: 'divoc', kind: 'jwks', location: join(folder, 'divoc.json'), issuer: cardIssuer },
  ]
  const standings = rows.map((row): Standing => {
    const { entries, cardIssuer: issuer = cardIssuer, ...standing } = row
    const own = keys.some((key) => key.publicKey.equals(row.signer.key.publicKey)) ? [] : [row.signer.key]
    return { ...standing, keys: [...keys, ...own], cardIssuer: issuer }
  })
  return { standings, trustLists: JSON.stringify(sources) }
}

function writeCertificates(folder: string, keys: DeclaredKey[]): void {
  mkdirSync(folder)
  const entries = keys.map(
    ({ certificate = new Uint8Array(), participant, domain, usage, status, from, until }, at) => {
      const file = `${at}.der`
      writeFileSync(join(folder, file), certificate)
      const period = { from: from?.toISOString(), until: until?.toISOString() }
      return { file, participant, domain, usage, status, ...period }
    },
  )
  writeFileSync(join(folder, 'trust.json'), JSON.stringify(entries))
}
