import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { type Config, readConfig } from '../config.ts'
import { demoIssuer, demoTrustFolder } from '../demo/demo-issuer.ts'
import { ownKey } from '../network/own-key.ts'
import type { SigningKeys } from '../provenance/keys.ts'
import type { SigningKey } from '../provenance/signing-key.ts'
import { markedKeys } from '../server/signatures.ts'
import { derivedKeyId, keyAlgorithm } from '../trust/keys/trusted-key.ts'
import type { CommandResult } from './exit-codes.ts'
import { addRevokeKey } from './network/revoke-key.ts'
import { table } from './table.ts'

/** A key as the command tells of it; times are FHIR instants. */
interface ToldKey {
  use: 'signing' | 'messages' | 'demonstration'
  state?: SigningKey['state']
  keyId: string
  algorithm: string
  subject?: string
  validFrom?: string
  validTo?: string
  /** Of the certificate. */
  file?: string
}

/** `vidimus keys`: the keys of this server; private halves are never printed. */
export function addKeys(program: Command, result: CommandResult): void {
  const command = program
    .command('keys')
    .description(
      'the keys of this server: those that sign what it publishes (current, next, retired), that of messages to other servers, and those of the demonstration; made where a development server has none. Private halves are never printed',
    )
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const config = readConfig()
      const now = new Date()
      const signing = await markedKeys(config, () => now)
      const keys = [...signingKeysOf(signing), ...messageKeys(config), ...demonstrationKeys(config, now)]
      if (options.json) console.log(JSON.stringify(keys, null, 2))
      else if (keys.length > 0) console.log(table([heading, ...keys.map(rowOf)]))
      for (const warning of signing.warnings(now)) console.error(warning)
    })
  addRevokeKey(command, result)
}

const heading = ['USE', 'STATE', 'SUBJECT', 'ALGORITHM', 'KEY ID', 'UNTIL', 'CERTIFICATE']

const rowOf = ({ use, state, subject, algorithm, keyId, validTo, file }: ToldKey): string[] => [
  use,
  state ?? '',
  subject ?? '',
  algorithm,
  keyId,
  validTo?.slice(0, 10) ?? '',
  file ?? '',
]

const signingKeysOf = (keys: SigningKeys): ToldKey[] =>
  keys.all().map(({ state, keyId, publicKey, certificate }) => ({
    use: 'signing',
    state,
    ...tell(keyId, publicKey),
    ...(certificate ? tellCertificate(certificate) : {}),
  }))

function messageKeys({ network, dataDir }: Config): ToldKey[] {
  if (!network) return []
  const { keyId, privateKey } = ownKey(dataDir)
  return [{ use: 'messages', state: 'current', ...tell(keyId, createPublicKey(privateKey)) }]
}

/** A production server has no demonstration. */
function demonstrationKeys({ production, dataDir }: Config, now: Date): ToldKey[] {
  if (production) return []
  demoIssuer(dataDir, now)
  const folder = demoTrustFolder(dataDir)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.pem'))
    .map((name): ToldKey => {
      const file = join(folder, name)
      const certificate = new X509Certificate(readFileSync(file))
      const own = tell(derivedKeyId(certificate), certificate.publicKey)
      return { use: 'demonstration', ...own, ...tellCertificate(certificate), file }
    })
}

const tell = (keyId: string, key: KeyObject) => ({ keyId, algorithm: keyAlgorithm(key) })

const tellCertificate = ({ subject, validFromDate, validToDate }: X509Certificate) => ({
  subject: subject.split('\n').join(', '),
  validFrom: validFromDate.toISOString(),
  validTo: validToDate.toISOString(),
})
