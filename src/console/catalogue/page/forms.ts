/** An artefact in one of its forms, as a text. */
import { askText, type Reply } from '../../api/client.ts'

/** Forms that the server writes (docs/formats.md, docs/map-author.md). */
export const forms = {
  json: { accept: 'application/fhir+json', name: 'JSON', code: 'json' },
  xml: { accept: 'application/fhir+xml', name: 'XML', code: 'plain' },
  fml: { accept: 'text/fhir-mapping', name: 'FML', code: 'fml' },
} as const

/** One of them. */
export type Form = keyof typeof forms

const patience = 120_000

/** Asks for a form; an answer in another one is none. @param path below the FHIR base */
export async function askForm(path: string, form: Form, signal: AbortSignal): Promise<Reply<string>> {
  const { accept } = forms[form]
  const reply = await askText(path, { accept, signal, patience })
  if (reply.fault) return reply
  const type = (reply.headers.get('Content-Type') ?? '').split(';', 1)[0]?.trim().toLowerCase()
  return type === accept ? reply : { fault: { kind: 'broken' } }
}
