import { input } from '../fhir/declare-parameter.ts'
import { badRequest } from '../fhir/error.ts'
import { defineOperation, textParameter } from '../fhir/operation.ts'
import { publishedTypes } from '../provenance/references.ts'
import type { OperationContext } from './context.ts'

/** What a gateway takes as the name of a trust domain. */
const domainPattern = /^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/

/** `$trusted-reference`: what a Trust Network Gateway takes as a reference of one published version. */
export const trustedReference = defineOperation<OperationContext>({
  name: 'trusted-reference',
  title: 'Trusted reference',
  description:
    'Answers the JSON that a Trust Network Gateway takes as a trusted reference of a published version: address of its unchanging content, hash, kind of signature. The member `sslPublicKey`, that of the TLS certificate before this server, is for the sender to add.',
  instance: [...publishedTypes],
  versions: true,
  get: true,
  strict: true,
  parameters: [input('domain', 'code', 'Trust domain; by default the first that the server is configured for')],
  handle: async (call, { storage, trustedReference: describe }) => {
    const { resourceType: type = '', id = '', parameters } = call
    const domain = textParameter(parameters, 'domain')
    if (domain !== undefined && !domainPattern.test(domain))
      throw badRequest({ text: 'A trust domain has at most 32 letters, digits and hyphens.', expression: 'domain' })
    const versionId = call.versionId ?? (await storage.read(type, id))?.versionId ?? ''
    const reference = await describe({ type, id, versionId }, domain)
    return { raw: { contentType: 'application/json', body: JSON.stringify(reference) } }
  },
})
