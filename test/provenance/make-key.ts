/** Child of keys.test.ts: prints the id of the development key of a data folder, made when there is none. */
import { openSigningKeys } from '../../src/provenance/keys.ts'
import { selfSigned } from './self-signed.ts'

const [dataDir = ''] = process.argv.slice(2)
const keys = await openSigningKeys({
  settings: { retired: [] },
  development: { dataDir, writeCertificate: selfSigned },
  openPkcs12: () => Promise.reject(new Error('no PKCS#12 here')),
  now: () => new Date(),
})
process.stdout.write(keys.current()?.keyId ?? '')
