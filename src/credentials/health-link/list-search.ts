/** Verifiable health links: a folder of documents behind a FHIR search on List (IHE ITI VHL, Retrieve Manifest and ITI-68). */
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import {
  type Announced,
  ask,
  type Following,
  isNotFollowed,
  jsonOf,
  type NotFollowed,
  unavailable,
  unusable,
} from './followed.ts'
import { MOST_FILES } from './manifest.ts'
import { refusal } from './refusal.ts'

/** Documents up to this size may come inside their reference, in characters. */
const EMBEDDED_CHARACTERS = 100_000
const FHIR = 'application/fhir+json'
/** A reference to a document (FHIR R4, literal references), relative to the server or absolute. */
const DOCUMENT =
  /^(?:https:\/\/[^\s?#]+\/)?DocumentReference\/(?!\.{1,2}$)[A-Za-z0-9.-]{1,64}(?:\/_history\/[A-Za-z0-9-]{1,64})?$/

/** The files that the folder behind a link announces: every attachment of every document in it. */
export async function readListSearch(following: Following): Promise<Announced[] | NotFollowed> {
  const reply = await ask(following, searchOf(following))
  if ('fault' in reply) return reply.fault
  if (reply.status !== 200) return refusal(reply, following)
  const found = readFolder(jsonOf(reply))
  if (isNotFollowed(found)) return found
  const documents = await readDocuments(following, found)
  if (isNotFollowed(documents)) return documents
  const announced: Announced[] = []
  for (const document of documents) {
    const files = attachmentsOf(document, following)
    if (isNotFollowed(files)) return files
    announced.push(...files)
  }
  if (announced.length > MOST_FILES) return tooMany
  return announced.length > 0 ? announced : unavailable('there is no document behind it')
}

const tooMany = unusable(`there are more than ${MOST_FILES} documents behind it`)

/** Base of the sharer's FHIR server, as the address of the search has it. */
const baseOf = (url: string): string => url.replace(/\/List(?:\/_search)?\?.*$/s, '')

/** By POST: what identifies the patient does not stand in an address (FHIR R4, search by POST). */
function searchOf({ link, recipient, passcode }: Following) {
  const parameters = new URLSearchParams(URL.parse(link.url)?.search ?? '')
  parameters.set('recipient', recipient)
  if (passcode !== undefined) parameters.set('passcode', passcode)
  parameters.set('embeddedLengthMax', String(EMBEDDED_CHARACTERS))
  const content = { type: 'application/x-www-form-urlencoded', body: parameters.toString() }
  return { url: `${baseOf(link.url)}/List/_search`, accept: FHIR, content, isSigned: true }
}

/** What the search found: references to documents in the order of the folder, and the documents that came along. */
interface Folder {
  references: string[]
  included: { document: JsonObject; names: string[] }[]
}

function readFolder(bundle: Json | undefined): Folder | NotFollowed {
  if (!isJsonObject(bundle) || bundle.resourceType !== 'Bundle' || bundle.type !== 'searchset')
    return unusable('the answer is no result of a search')
  const links = Array.isArray(bundle.link) ? bundle.link : []
  if (links.some((each) => isJsonObject(each) && each.relation === 'next'))
    return unusable('the answer goes on on another page')
  const entries = (Array.isArray(bundle.entry) ? bundle.entry : []).filter(isJsonObject)
  const resources = entries.flatMap(({ resource, fullUrl }) =>
    isJsonObject(resource) ? [{ resource, fullUrl: typeof fullUrl === 'string' ? fullUrl : '' }] : [],
  )
  const lists = resources.filter(({ resource }) => resource.resourceType === 'List').map(({ resource }) => resource)
  if (lists.length === 0) return unavailable('there is no folder behind it')
  if (lists.some(({ status }) => status !== 'current')) return unusable('the folder is not current')
  const references: string[] = []
  for (const list of lists) {
    const items = itemsOf(list)
    if (isNotFollowed(items)) return items
    references.push(...items)
  }
  const included = resources
    .filter(({ resource }) => resource.resourceType === 'DocumentReference')
    .map(({ resource, fullUrl }) => ({ document: resource, names: [fullUrl, `DocumentReference/${resource.id}`] }))
  return { references: [...new Set(references)], included }
}

function itemsOf({ entry = [] }: JsonObject): string[] | NotFollowed {
  const references: string[] = []
  for (const each of Array.isArray(entry) ? entry : [entry]) {
    const item = isJsonObject(each) ? each.item : undefined
    if (isJsonObject(each) && each.deleted === true) continue
    const reference = isJsonObject(item) ? item.reference : undefined
    if (typeof reference !== 'string' || !DOCUMENT.test(reference))
      return unusable('the folder names something that is no document')
    references.push(reference)
  }
  return references
}

/** Every document that the folder names, and every one that came along though it does not. */
async function readDocuments(
  following: Following,
  { references, included }: Folder,
): Promise<JsonObject[] | NotFollowed> {
  if (references.length > MOST_FILES || included.length > MOST_FILES) return tooMany
  const documents = included.map(({ document }) => document)
  for (const reference of references) {
    const url = addressOf(reference, following)
    if (isNotFollowed(url)) return url
    if (included.some(({ names }) => names.includes(reference) || names.includes(url.href))) continue
    const reply = await ask(following, { url: url.href, accept: FHIR, isSigned: true })
    if ('fault' in reply) return reply.fault
    if (reply.status !== 200) return refusal(reply, following)
    const document = jsonOf(reply)
    if (!isJsonObject(document) || document.resourceType !== 'DocumentReference')
      return unusable('a document that the folder names is none')
    documents.push(document)
  }
  return documents
}

/** An absolute address; only on the host of the sharer, for our signature goes with the request, unless the operator names another. */
function addressOf(text: string, { link, isListed }: Following): { href: string } | NotFollowed {
  const url = URL.parse(text, `${baseOf(link.url)}/`)
  const isOfSharer = url?.protocol === 'https:' && url.host === URL.parse(link.url)?.host
  if (!url || (!isOfSharer && !isListed(url.href))) return unusable('it names an address that is not the sharer’s')
  return { href: url.href }
}

function attachmentsOf(document: JsonObject, following: Following): Announced[] | NotFollowed {
  if (document.status !== 'current' || document.docStatus === 'entered-in-error')
    return unusable('a document behind it is not current')
  const contents = Array.isArray(document.content) ? document.content : []
  if (contents.length === 0) return unusable('a document behind it has no content')
  const announced: Announced[] = []
  for (const content of contents) {
    const attachment = isJsonObject(content) ? content.attachment : undefined
    const { contentType, data, url } = isJsonObject(attachment) ? attachment : {}
    if (typeof contentType !== 'string') return unusable('a document behind it has no media type')
    if (typeof data === 'string') announced.push({ contentType, embedded: Buffer.from(data, 'base64') })
    else if (typeof url === 'string') {
      const address = addressOf(url, following)
      if (isNotFollowed(address)) return address
      announced.push({ contentType, location: address.href })
    } else return unusable('a document behind it has neither data nor address')
  }
  return announced
}
