import type { JsonObject } from '../../../base/json-value.ts'
import { type Statements, tolerantQuads } from '../../../json-ld/canonize.ts'
import { credentialContexts, SECURITY_V2 } from '../../../json-ld/credential-contexts.ts'
import { countValues } from '../document.ts'
import { knownProofQuads, knownQuads } from './known-quads.ts'

/** What document and proof say as statements. */
export interface SignedStatements {
  document: string
  proof: string
  /** Whether every datum of both stands in them. */
  isWhole: boolean
}

/** The statements of a document and its proof, the short way where their shape is known. Undefined when they have none. */
export function signedStatements(
  document: JsonObject,
  options: JsonObject,
): SignedStatements | Promise<SignedStatements | undefined> {
  const known = knownQuads(document)
  const knownProof = knownProofQuads(options)
  return known !== undefined && knownProof !== undefined
    ? { document: known, proof: knownProof, isWhole: true }
    : longWay({ document, known }, { options, known: knownProof })
}

/**
 * Most values of a document whose shape is not known: six doses told in full. The long way costs some hundred times what reading
 * JSON does, and blank nodes that nothing tells apart several times that; this keeps the worst within 50 ms of a processor.
 */
const LONG_WAY_VALUES = 300

async function longWay(
  { document, known }: { document: JsonObject; known: string | undefined },
  { options, known: knownProof }: { options: JsonObject; known: string | undefined },
): Promise<SignedStatements | undefined> {
  if (countValues(document) > LONG_WAY_VALUES || countValues(options) > LONG_WAY_VALUES) return undefined
  const proof = await statementsOf({ ...options, '@context': SECURITY_V2 }, knownProof)
  const whole = proof && (await statementsOf(document, known))
  return whole && { document: whole.quads, proof: proof.quads, isWhole: whole.isWhole && proof.isWhole }
}

async function statementsOf(document: JsonObject, known: string | undefined): Promise<Statements | undefined> {
  return known === undefined ? tolerantQuads(document, await credentialContexts()) : { quads: known, isWhole: true }
}
