import type { X509Certificate } from 'node:crypto'
import { splitCertificates } from '../certificates-source.ts'
import { type TrustReaders, UnusableSource } from '../trust-source.ts'

/** The certificates of files that the operator names, PEM or DER. @throws UnusableSource for a file with another content */
export async function pinnedCertificates(
  paths: readonly string[],
  readers: Pick<TrustReaders, 'readFile'>,
): Promise<X509Certificate[]> {
  const read = paths.map(async (path) => {
    const certificates = splitCertificates(await readers.readFile(path))
    if (certificates.length === 0 || certificates.includes(undefined))
      throw new UnusableSource(`${path} must hold certificates, PEM or DER, and nothing else`)
    return certificates.filter((each) => each !== undefined)
  })
  return (await Promise.all(read)).flat()
}
