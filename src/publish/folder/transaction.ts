/** A folder as one transaction, each active artefact with the Provenance that its author signs. */
import { artefactCanonical, artefactName, byDependency, statusOf } from '../../fhir/artefact.ts'
import { unprocessable } from '../../fhir/error.ts'
import type { Bundle, BundleEntry, Provenance, Resource } from '../../fhir/types.ts'
import { type SignOptions, signArtefact } from '../../provenance/signature/sign.ts'
import type { Difference } from './compare.ts'

/** Who signs. */
export type Author = Omit<SignOptions, 'purpose'>

/** What a server takes at once: entries of a transaction with a token, bytes of a body. */
export const serverLimits = { entries: 10_000, bytes: 20_000_000 }

/** The entries of a transaction by what they are about. */
export interface Publication {
  bundle: Bundle
  /** In the order of the entries; those after them are Provenance of the same. */
  written: Difference[]
}

/**
 * The transaction that brings a server to what a folder holds.
 * @throws FhirError 422 when it has more entries or bytes than a server takes at once: nothing has been sent then
 */
export async function publicationOf(
  differences: readonly Difference[],
  author: Author | undefined,
  limits: typeof serverLimits = serverLimits,
): Promise<Publication> {
  const changing = differences.filter(({ state }) => state === 'new' || state === 'changed')
  const written = changing
    .filter((each): each is Difference & { resource: Resource } => each.resource !== undefined)
    .sort((a, b) => byDependency(a.resource, b.resource))
  const entry = written.map(({ resource, replaces }): BundleEntry => {
    const url = `${resource.resourceType}/${resource.id}`
    // Nobody's change that came in between is overwritten.
    const condition = replaces === undefined ? { ifNoneMatch: '*' } : { ifMatch: replaces }
    return { resource, request: { method: 'PUT', url, ...condition } }
  })
  if (author)
    for (const { resource } of written)
      if (statusOf(resource) === 'active' && artefactCanonical(resource)?.version !== undefined)
        entry.push({ resource: await provenanceOf(resource, author), request: { method: 'POST', url: 'Provenance' } })
  const bundle: Bundle = { resourceType: 'Bundle', type: 'transaction', entry }
  checkSize(bundle, limits)
  return { bundle, written }
}

function checkSize(bundle: Bundle, { entries, bytes }: typeof serverLimits): void {
  const [count, size] = [bundle.entry?.length ?? 0, Buffer.byteLength(JSON.stringify(bundle))]
  const all = 'everything is published as one transaction, or nothing: publish it in parts that stand for themselves'
  if (count > entries)
    throw unprocessable(
      `The publication has ${count} entries, and a server takes ${entries} at once; ${all}`,
      'too-long',
    )
  if (size > bytes)
    throw unprocessable(`The publication has ${size} bytes, and a server takes ${bytes} at once; ${all}`, 'too-long')
}

const agentType = 'http://terminology.hl7.org/CodeSystem/provenance-participant-type'

/** Who published it, proved by his signature (https://hl7.org/fhir/R4/provenance.html). */
async function provenanceOf(resource: Resource, author: Author): Promise<Provenance> {
  const at = author.at.toISOString()
  const identifier = { system: 'urn:ietf:rfc:3986', value: artefactName(resource) }
  return {
    resourceType: 'Provenance',
    target: [{ reference: `${resource.resourceType}/${resource.id}`, type: resource.resourceType, identifier }],
    occurredDateTime: at,
    recorded: at,
    agent: [
      {
        type: { coding: [{ system: agentType, code: 'author' }] },
        who: { identifier: { system: 'urn:ietf:rfc:3986', value: author.did } },
      },
    ],
    signature: [await signArtefact(resource, { ...author, purpose: 1 })],
  }
}
