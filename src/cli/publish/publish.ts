import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { openPkcs12 } from '../../cms/pkcs12.ts'
import { readConfig } from '../../config.ts'
import { unprocessable } from '../../fhir/error.ts'
import { createOperatorClient, isOperatorAddress } from '../../network/operator-client.ts'
import { openSigningKeys } from '../../provenance/keys.ts'
import type { SigningKey } from '../../provenance/signing-key.ts'
import { askServer, type Proof, readClientKey } from '../../publish/folder/ask-server.ts'
import {
  carryOut,
  type FolderPublication,
  isRefused,
  type Outcome,
  type Plan,
  planPublication,
} from '../../publish/folder/publish-folder.ts'
import { readContent } from '../../publish/folder/read-folder.ts'
import { publicationServer } from '../../publish/folder/server.ts'
import { writeTemplate } from '../../publish/folder/template.ts'
import { createServer, type VidimusServer } from '../../server.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'
import { outcomeLines, planLines, publicationJson } from './print-publication.ts'

/** What `vidimus publish` is asked for. */
interface Options {
  server?: string
  init?: boolean
  canonical?: string
  jurisdiction: string
  dryRun?: boolean
  yes?: boolean
  json?: boolean
  client?: string
  clientKey?: string
  clientKeyId?: string
  signKey?: string
  signCertificate?: string
  signPasswordFile?: string
  signKeyId?: string
  signer?: string
  networkKey?: boolean
  tlsCertificate?: string
  tlsKey?: string
  ca?: string
}

/** `vidimus publish <folder>`: signs a folder and publishes it on a running server as one transaction. */
export function addPublish(program: Command, result: CommandResult): void {
  program
    .command('publish')
    .description(
      'publishes a folder on a running server: shows the difference, signs, and writes all of it or nothing (docs/publishing.md). Exit status 0 published, or nothing to do; 1 refused; 2 wrong use, or the server cannot be asked; 3 no answer came, and it is not known whether it was published',
    )
    .argument('<folder>', 'folder, package (.tgz) or file (JSON, XML, FML, CQL)')
    .option('--server <url>', 'FHIR base of the server: https, or http on this machine')
    .option('--init', 'writes a folder to begin with instead: a rule, its rule set, a value set, a map, a pipeline')
    .option(
      '--canonical <url>',
      'base of canonicals, where the folder has no package.json that says it; with --init of all',
    )
    .option('--jurisdiction <code>', 'with --init: whose rules they are, by two letters (ISO 3166-1)', 'XX')
    .option('--dry-run', 'shows the difference and what would be refused, and writes nothing')
    .option('--yes', 'does not ask')
    .option('--json', 'print JSON')
    .option('--client <id>', 'registered client that gets a token (private_key_jwt); else the token of VIDIMUS_TOKEN')
    .option('--client-key <file>', 'its private key: JWK or PEM, P-384 or RSA')
    .option(
      '--client-key-id <kid>',
      'its key id as it is registered; else that of the JWK, else its thumbprint (RFC 7638)',
    )
    .option('--sign-key <file>', 'key that signs every active artefact: PEM or PKCS#12')
    .option('--sign-certificate <file>', 'its certificate (PEM), then who issued each')
    .option('--sign-password-file <file>', 'file with the password of that key')
    .option(
      '--sign-key-id <kid>',
      'key id under which the server knows that key, as a trust list has it; else the DID with its thumbprint, and of requests that of its certificate',
    )
    .option('--signer <did>', 'DID by which signatures name who signs, such as did:web:health.example')
    .option('--network-key', 'signs each request with the same key, which the trust network lists (RFC 9421)')
    .option('--tls-certificate <file>', 'client certificate (PEM) for the connection')
    .option('--tls-key <file>', 'its key (PEM)')
    .option('--ca <file>', "authorities (PEM) that the server's certificate is held against")
    .action(async (folder: string, options: Options) => {
      result.exitCode = options.init ? await init(folder, options) : await publish(folder, options)
    })
}

async function init(folder: string, { canonical, jurisdiction }: Options): Promise<number> {
  if (canonical === undefined)
    throw unprocessable('publish --init needs --canonical, the base of every url in the folder')
  const files = await writeTemplate(folder, { canonical: canonical.replace(/\/+$/, ''), jurisdiction })
  console.log(files.join('\n'))
  return exitCodes.done
}

async function publish(folder: string, options: Options): Promise<number> {
  const config = readConfig()
  const key = await signingKeyOf(options)
  const proof = proofOf(options, config.publishToken, key)
  const isFolder = (await stat(folder)).isDirectory()
  const content = await readContent(folder, options.canonical?.replace(/\/+$/, ''), isFolder)
  return withWorkshop(async (workshop) => {
    const publication: FolderPublication = {
      content,
      workshop,
      server: serverOf(options, proof),
      ...(key && options.signer
        ? { author: { key, did: options.signer, keyId: options.signKeyId, at: new Date() } }
        : {}),
    }
    const plan = await planPublication(publication)
    if (!options.json) console.log(planLines(plan, content.skipped).join('\n'))
    const outcome = await decide(plan, publication, options)
    if (options.json) console.log(JSON.stringify(publicationJson(plan, outcome), null, 2))
    else if (outcome !== undefined) console.log(outcomeLines(outcome).join('\n'))
    return exitCodeOf(plan, outcome)
  })
}

/** What comes of a plan; undefined when nothing was to be sent. */
async function decide(plan: Plan, publication: FolderPublication, options: Options): Promise<Outcome | undefined> {
  if (options.dryRun || isRefused(plan)) return undefined
  const isOpen = plan.differences.some(({ state }) => state === 'new' || state === 'changed')
  if (isOpen && !options.yes && !(await isConfirmed(options))) return undefined
  return carryOut(plan, publication)
}

function exitCodeOf(plan: Plan, outcome: Outcome | undefined): number {
  if (isRefused(plan)) return exitCodes.negative
  switch (outcome?.state) {
    case 'refused':
    case 'not published':
      return exitCodes.negative
    case 'unknown':
      return exitCodes.undetermined
    default:
      return exitCodes.done
  }
}

async function isConfirmed({ json }: Options): Promise<boolean> {
  if (!process.stdin.isTTY || json)
    throw unprocessable('nobody is here to ask: add --yes to publish, or --dry-run to look')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await terminal.question('Publish? [y/N] ')).trim())
  } finally {
    terminal.close()
  }
}

/** An empty store, and the checks of this software over it: what the content leans on counts as the server has it. */
async function withWorkshop<T>(work: (workshop: VidimusServer) => Promise<T>): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-publish-'))
  try {
    const place = { STORAGE_URL: 'sqlite::memory:', DATA_DIR: dataDir, NODE_ENV: 'production' }
    const workshop = await createServer(readConfig(place))
    return await work(workshop).finally(() => workshop.close())
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

function serverOf({ server, tlsCertificate, tlsKey, ca }: Options, proof: Proof) {
  const base = server?.replace(/\/+$/, '')
  if (base === undefined || !isOperatorAddress(base))
    throw unprocessable(
      'publish needs --server, the FHIR base of the server: an https address, or http on this machine',
    )
  if ((tlsCertificate === undefined) !== (tlsKey === undefined))
    throw unprocessable('--tls-certificate and --tls-key belong together')
  const file = (path: string) => readFileSync(path, 'utf8')
  const tls = {
    ...(tlsCertificate && tlsKey ? { cert: file(tlsCertificate), key: file(tlsKey) } : {}),
    ...(ca ? { ca: file(ca) } : {}),
  }
  const send = createOperatorClient({ tls })
  return publicationServer(askServer({ base, proof, send, now: () => new Date(), uuid: randomUUID }), base)
}

function proofOf(
  { client, clientKey, clientKeyId, networkKey, signKeyId }: Options,
  token: string | undefined,
  key: SigningKey | undefined,
): Proof {
  if ((client === undefined) !== (clientKey === undefined))
    throw unprocessable('--client and --client-key belong together')
  if (clientKeyId !== undefined && clientKey === undefined) throw unprocessable('--client-key-id needs --client-key')
  const asked = [client !== undefined, networkKey === true].filter(Boolean).length
  if (asked > 1) throw unprocessable('a request is proved in one way: with --client, or with --network-key')
  if (client !== undefined && clientKey !== undefined)
    return { kind: 'client', id: client, key: readClientKey(readFileSync(clientKey, 'utf8'), clientKeyId) }
  if (networkKey) {
    if (!key) throw unprocessable('--network-key signs requests with the key of --sign-key')
    const { keyId, algorithm } = key
    return { kind: 'network-key', key: { keyId: signKeyId ?? keyId, algorithm, sign: (bytes) => key.sign(bytes) } }
  }
  return token === undefined ? { kind: 'none' } : { kind: 'token', token }
}

async function signingKeyOf(options: Options): Promise<SigningKey | undefined> {
  const { signKey, signCertificate: certificate, signPasswordFile: passwordFile, signer, networkKey } = options
  if (signKey === undefined) {
    if (signer !== undefined || certificate !== undefined || options.signKeyId !== undefined)
      throw unprocessable('--signer, --sign-certificate and --sign-key-id need --sign-key')
    return undefined
  }
  if (signer === undefined && !networkKey)
    throw unprocessable('--sign-key needs --signer, the DID by which signatures name who signs')
  if (signer !== undefined && !/^did:web:[A-Za-z0-9.%:_-]+$/.test(signer))
    throw unprocessable('--signer is a did:web identifier')
  const current = { key: signKey, ...(certificate ? { certificate } : {}), ...(passwordFile ? { passwordFile } : {}) }
  const keys = await openSigningKeys({ settings: { current, retired: [] }, openPkcs12, now: () => new Date() })
  const key = keys.current()
  if (!key) throw unprocessable(keys.warnings(new Date()).join('; ') || 'the signing key does not count now')
  return key
}
