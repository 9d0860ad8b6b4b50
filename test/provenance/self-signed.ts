import { writeCertificate } from '../../src/demo/certificate-writer.ts'
import type { WriteCertificate } from '../../src/provenance/development-key.ts'

/** A certificate that is signed by its own key. */
export const selfSigned: WriteCertificate = ({ publicKey, privateKey, ...content }) => {
  const name = { country: 'XA', commonName: 'Development key of a test' }
  return writeCertificate({ ...content, subject: name, publicKey }, { name, publicKey, privateKey })
}
