/** The documents of the endpoints for wallets and verifiers of the EU Digital COVID Certificate, made ahead of all questions. */

import { setImmediate } from 'node:timers/promises'
import { sha256Hex } from '../../base/crypto/sha256.ts'
import type { PublicDocument } from '../../base/public-document.ts'
import { compareVersions } from '../../fhir/canonical.ts'
import { inOrder } from './order.ts'
import type { RuleText } from './rule-text.ts'
import type { ListSigner } from './signature.ts'

/** What is served. */
export interface LegacyContent {
  /** Texts of value sets in the EU's form, by their ids. */
  valueSets: ReadonlyMap<string, Buffer>
  rules: readonly RuleText[]
  /** Alpha-2 codes of the participants that are trusted. */
  countries: readonly string[]
}

/** A rule with the hash of its text. */
export interface HashedRule extends RuleText {
  hash: string
}

/** Everything that has an address now. */
export interface LegacyDocuments {
  /** By path as clients write it. */
  byPath: ReadonlyMap<string, PublicDocument>
  /** The same value sets, for who has asked for the list just before it changed. */
  valueSets: ReadonlyMap<string, PublicDocument>
  /** Rules by `CC/identifier`, newest version first. */
  rules: ReadonlyMap<string, readonly HashedRule[]>
}

/** Lower-case hex SHA-256: by it everything is found, and it is what is signed. */

/** Texts hashed before others have a turn. */
const perTurn = 100

/** Makes the documents. Equal content makes equal bytes, in whatever order it comes; signatures alone differ. */
export async function makeDocuments(content: LegacyContent, signer?: ListSigner): Promise<LegacyDocuments> {
  const byPath = new Map<string, PublicDocument>()
  const valueSets = new Map<string, PublicDocument>()
  const listed: { id: string; hash: string }[] = []
  for (const [id, text] of [...content.valueSets].sort(([a], [b]) => inOrder(a, b))) {
    const hash = sha256Hex(text)
    listed.push({ id, hash })
    valueSets.set(`/valuesets/${hash}`, textDocument(text, hash))
  }
  for (const [path, document] of valueSets) byPath.set(path, document)
  const rules = await hashed(content.rules)
  for (const { country, hash, text } of rules) byPath.set(`/rules/${country}/${hash}`, textDocument(text, hash))
  for (const [country, ofIt] of Map.groupBy(rules, (rule) => rule.country))
    byPath.set(`/rules/${country}`, listDocument(ofIt.map(listItem)))
  const signed: [string, unknown[]][] = [
    ['/valuesets', listed],
    ['/rules', rules.map(listItem)],
    ['/countrylist', [...new Set(content.countries)].sort(inOrder)],
  ]
  for (const [path, list] of signed) byPath.set(path, await signedList(list, signer))
  if (signer) byPath.set('/publickey', keyDocument(signer))
  return { byPath, valueSets, rules: Map.groupBy(rules, ({ country, identifier }) => `${country}/${identifier}`) }
}

/** Each rule once, by identifier and newest version first. */
async function hashed(rules: readonly RuleText[]): Promise<HashedRule[]> {
  const found = new Map<string, HashedRule>()
  for (const [index, rule] of rules.entries()) {
    const hash = sha256Hex(rule.text)
    found.set(`${rule.country}/${hash}`, { ...rule, hash })
    if (index % perTurn === perTurn - 1) await setImmediate()
  }
  return [...found.values()].sort(
    (a, b) =>
      inOrder(a.identifier, b.identifier) ||
      compareVersions(b.version, a.version) ||
      inOrder(a.country, b.country) ||
      inOrder(a.hash, b.hash),
  )
}

const listItem = ({ identifier, version, country, hash }: HashedRule) => ({ identifier, version, country, hash })

/** The versions of one rule, each with its text: a string, so that its hash can be made again. */
export function versionsDocument(rules: readonly HashedRule[]): PublicDocument {
  return listDocument(rules.map((rule) => ({ ...listItem(rule), content: rule.text.toString('utf8') })))
}

/** A list that changes as the content does. */
export function listDocument(list: unknown[]): PublicDocument {
  const body = Buffer.from(JSON.stringify(list))
  const etag = `"${sha256Hex(body)}"`
  return { body, contentType: 'application/json', etag, route: 'legacy' }
}

async function signedList(list: unknown[], signer: ListSigner | undefined): Promise<PublicDocument> {
  const document = listDocument(list)
  if (!signer) return document
  const signature = await signer.sign(Buffer.from(sha256Hex(document.body)))
  return { ...document, headers: { 'X-SIGNATURE': signature.toString('base64') } }
}

/** A text at the address of its own hash: what is there never changes. */
function textDocument(text: Buffer, hash: string): PublicDocument {
  return {
    body: text,
    contentType: 'application/json',
    etag: `"${hash}"`,
    cacheControl: 'public, max-age=86400',
    route: 'legacy',
  }
}

function keyDocument({ publicKey }: ListSigner): PublicDocument {
  const body = Buffer.from(publicKey.toString('base64'))
  return { body, contentType: 'text/plain; charset=utf-8', etag: `"${sha256Hex(body)}"`, route: 'legacy' }
}
