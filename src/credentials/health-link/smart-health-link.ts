import type { CredentialFormat, Envelope, Failure, Scanned } from '../credential-format.ts'
import { whatIsBehind } from './health-link.ts'
import { linkLayers } from './layers.ts'
import { isLink, readLink } from './read-link.ts'

const FORMAT = 'smart-health-link'

/**
 * A bare health link (SMART Health Links 1.0; IHE ITI VHL outside its certificate): nobody signed it. It is a way to files, and the
 * text of a code proves nothing, so it is never an envelope: it says where its content lies, and whoever may follow it goes on.
 */
export const smartHealthLink: CredentialFormat = {
  name: FORMAT,
  issuers: 'address',
  recognises: (scanned) => !(scanned instanceof Uint8Array) && isLink(scanned[0] ?? ''),
  decode,
  layers: linkLayers,
  kinds: {},
}

function decode(scanned: Scanned): Envelope | Failure {
  const [text = ''] = scanned instanceof Uint8Array ? [] : scanned
  const read = readLink(text)
  if ('of' in read) {
    const status = read.of === 'encoding' ? 'INVALID_ENCODING' : 'INVALID_SIGNING_FORMAT'
    return { check: read.of, status, detail: `health link: ${read.detail}`, format: FORMAT }
  }
  return {
    check: 'payload',
    status: 'UNSUPPORTED_CONTENT',
    detail: [`${whatIsBehind(read.link)}, which was not followed`, ...read.remarks].join('; '),
    format: FORMAT,
    link: read.link,
  }
}
