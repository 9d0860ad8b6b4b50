import { type Contexts, shippedContexts } from './contexts.ts'

/** Context URLs of trust lists and the files that answer for them (contexts/LICENSE.md). Nothing is ever fetched. */
const CONTEXT_FILES: Record<string, string> = {
  'https://www.w3.org/ns/did/v1': 'did_v1.json',
  'https://w3id.org/security/suites/jws-2020/v1': 'jws-2020_v1.json',
  'https://smart.who.int/trust/tng-context/v1-DEV.jsonld': 'v1-dev.jsonld',
  'https://smart.who.int/trust/tng-context/v1-UAT.jsonld': 'v1-uat.jsonld',
  'https://smart.who.int/trust/tng-context/v1.jsonld': 'v1.jsonld',
  'https://w3id.org/security/v3': 'security-v3.jsonld',
}

/** The contexts of trust lists, read once. */
export const trustListContexts = shippedContexts(Object.entries(CONTEXT_FILES))

/** A document refers to a context that is not shipped. */
export class UnknownContext extends Error {}

/**
 * Canonical N-Quads of a JSON-LD document (URDNA2015) in safe mode: a term that no context defines is an error, because
 * otherwise it would be dropped before hashing and an altered document would still verify. Lists have at most one blank node,
 * so no work beyond that is ever granted.
 */
export async function canonicalQuads(document: object, contexts: Contexts): Promise<string> {
  // Loaded only when a list is verified: it takes a tenth of a second that a server without such lists need not spend.
  const { default: jsonld } = await import('jsonld')
  return jsonld.canonize(document, {
    algorithm: 'URDNA2015',
    format: 'application/n-quads',
    safe: true,
    maxWorkFactor: 0,
    documentLoader: loaderOf(contexts),
  })
}

const loaderOf = (contexts: Contexts) => async (url: string) => {
  const found = contexts.get(url)
  if (!found) throw new UnknownContext(url)
  return { contextUrl: null, documentUrl: url, document: found }
}

/** What a document says as statements. */
export interface Statements {
  /** Canonical N-Quads. */
  quads: string
  /** Whether every datum of the document stands in them: false where one was dropped (unknown name, relative reference). */
  isWhole: boolean
}

/**
 * Canonical N-Quads of a JSON-LD document (URDNA2015) as a signer makes them who does not ask for safe mode: what no context defines is
 * dropped, and that is told. Undefined when the document is no JSON-LD, refers to a context that is not there, or has blank nodes that
 * take more than linear work to tell apart.
 */
export async function tolerantQuads(document: object, contexts: Contexts): Promise<Statements | undefined> {
  const { default: jsonld } = await import('jsonld')
  let isWhole = true
  try {
    const quads = await jsonld.canonize(document, {
      algorithm: 'URDNA2015',
      format: 'application/n-quads',
      safe: false,
      eventHandler: () => {
        isWhole = false
      },
      maxWorkFactor: 1,
      documentLoader: loaderOf(contexts),
    })
    return { quads, isWhole }
  } catch {
    return undefined // jsonld's messages quote the document, and every cause has the same outcome
  }
}
