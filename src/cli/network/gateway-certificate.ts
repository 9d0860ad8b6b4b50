import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { CertificateOptions } from '../../gateway/client.ts'
import type { OpenGateway } from '../../gateway/open-gateway.ts'
import { certificateDomains, inspectCertificate } from '../../gateway/upload/certificate.ts'
import { listTable } from '../table.ts'
import { type AtGateway, type GatewayOptions, gatewayCommand, unfit } from './gateway-command.ts'

interface AddOptions extends GatewayOptions, CertificateOptions {
  sca?: string[]
}

interface ListOptions extends GatewayOptions {
  group?: string
  country?: string
  all?: boolean
  json?: boolean
}

const groups = ['AUTHENTICATION', 'UPLOAD', 'CSCA', 'DSC', 'TRUSTANCHOR', 'DECA', 'DESC']

/** `vidimus gateway certificate add|list|remove`. */
export function addCertificateCommands(gateway: Command, at: AtGateway): void {
  const certificate = gateway
    .command('certificate')
    .description('certificates of signers (DSC) of this participant')
    .exitOverride()
  gatewayCommand(certificate, 'add', 'uploads a certificate that is under a signer certificate authority (SCA) of ours')
    .argument('<file>', 'certificate, PEM or DER')
    .option('--sca <file...>', "our authorities; by default those of this participant in the gateway's list")
    .option('--kid <base64>', 'key id; by default the first 8 bytes of the SHA-256 of the certificate')
    .option('--group <group>', 'group of the gateway')
    .option('--domain <code>', `trust domain: ${certificateDomains.join(', ')}`)
    .option('--dry-run', 'print what would be sent')
    .action((file: string, options: AddOptions) =>
      at(options, async (open, now) => {
        const added = readCertificate(file)
        checkOptions(options)
        const authorities = options.sca?.map(readCertificate) ?? (await listedAuthorities(open))
        const { problems, warnings } = inspectCertificate(added, { authorities, country: open.client.country, now })
        for (const warning of warnings) console.error(`${file}: ${warning}`)
        if (problems.length > 0) throw unfit(problems.map((each) => `${file}: ${each}`))
        await open.client.postCertificate(added.raw, options)
        if (!options.dryRun) console.log(`${file}: uploaded`)
      }),
    )
  gatewayCommand(certificate, 'list', "prints the gateway's certificates of this participant")
    .option('--group <group>', `one of ${groups.join(', ')}`)
    .option('--country <code>', 'of another participant')
    .option('--all', 'of all participants')
    .option('--json', 'print JSON, the certificates included')
    .action((options: ListOptions) => at(options, ({ client }) => list(client, options)))
  gatewayCommand(certificate, 'remove', 'takes a certificate back')
    .argument('<file>', 'certificate, PEM or DER')
    .option('--dry-run', 'print what would be sent')
    .action((file: string, options: GatewayOptions) =>
      at(options, async ({ client }) => {
        await client.deleteCertificate(readCertificate(file).raw)
        if (!options.dryRun) console.log(`${file}: removed`)
      }),
    )
}

function checkOptions({ kid, domain }: AddOptions): void {
  const problems: string[] = []
  if (domain !== undefined && !certificateDomains.some((each) => each === domain))
    problems.push(`--domain is one of ${certificateDomains.join(', ')}`)
  if (kid !== undefined && Buffer.from(kid, 'base64').toString('base64') !== kid) problems.push('--kid is no base64')
  if (problems.length > 0) throw unfit(problems)
}

function readCertificate(file: string): X509Certificate {
  const bytes = readFileSync(file)
  try {
    return new X509Certificate(bytes)
  } catch {
    throw unfit([`${file} is no certificate (PEM or DER)`])
  }
}

/** Authorities of this participant as the gateway has them. */
async function listedAuthorities({ client }: OpenGateway): Promise<X509Certificate[]> {
  const rows = await client.certificates({ group: ['CSCA'] })
  const own = rows.filter(({ country, group }) => country === client.country && group === 'CSCA')
  return own.flatMap(({ certificate }) => {
    try {
      return [new X509Certificate(Buffer.from(String(certificate), 'base64'))]
    } catch {
      return [] // no certificate: nothing is under it
    }
  })
}

async function list(client: OpenGateway['client'], options: ListOptions): Promise<void> {
  const { group, country = client.country, all, json } = options
  const rows = await client.certificates(group === undefined ? {} : { group: [group] })
  // What the gateway makes of filters is not relied on.
  const found = rows.filter((row) => (all || row.country === country) && (group === undefined || row.group === group))
  if (json) return console.log(JSON.stringify(found, null, 2))
  const cells = found.map((row) => [row.country, row.group, row.domain, row.kid, untilOf(row.certificate)])
  console.log(
    listTable([
      ['COUNTRY', 'GROUP', 'DOMAIN', 'KEY ID', 'UNTIL'],
      ...cells.map((row) => row.map((each) => String(each ?? ''))),
    ]),
  )
}

function untilOf(certificate: unknown): string {
  try {
    return new X509Certificate(Buffer.from(String(certificate), 'base64')).validToDate.toISOString().slice(0, 10)
  } catch {
    return 'no certificate'
  }
}
