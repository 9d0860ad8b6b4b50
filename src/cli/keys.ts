import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { demoIssuer, demoTrustFolder } from '../demo/demo-issuer.ts'
import { derivedKeyId, keyAlgorithm } from '../trust/keys/trusted-key.ts'
import { table } from './table.ts'

/** `vidimus keys`: the keys that this server made and keeps; private halves are never printed. */
export function addKeys(program: Command): void {
  program
    .command('keys')
    .description('the demonstration keys in DATA_DIR (made when there are none); private halves are never printed')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => {
      const { dataDir } = readConfig()
      demoIssuer(dataDir, new Date())
      const folder = demoTrustFolder(dataDir)
      const keys = readdirSync(folder)
        .filter((file) => file.endsWith('.pem'))
        .map((file) => describe(join(folder, file)))
      const heading = ['SUBJECT', 'ALGORITHM', 'KEY ID', 'UNTIL', 'CERTIFICATE']
      const rows = keys.map((key) => [key.subject, key.algorithm, key.keyId, key.validTo.slice(0, 10), key.file])
      console.log(options.json ? JSON.stringify(keys, null, 2) : table([heading, ...rows]))
    })
}

function describe(file: string) {
  const certificate = new X509Certificate(readFileSync(file))
  return {
    file,
    subject: certificate.subject.split('\n').join(', '),
    algorithm: keyAlgorithm(certificate.publicKey),
    keyId: derivedKeyId(certificate),
    validFrom: certificate.validFromDate.toISOString(),
    validTo: certificate.validToDate.toISOString(),
  }
}
