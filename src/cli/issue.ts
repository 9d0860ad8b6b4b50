import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { errorText } from '../base/system-error.ts'
import { readConfig } from '../config.ts'
import { defaultLimits } from '../credentials/credential-format.ts'
import { credentialFormats } from '../credentials/credentials.ts'
import { decodeCredential } from '../credentials/decoded.ts'
import { demoTrustSources } from '../demo/demo-issuer.ts'
import { issueDescription } from '../demo/description/issue-description.ts'
import { DescriptionError, readDescription } from '../demo/description/read-description.ts'
import { contentShapes } from '../demo/description/shapes.ts'
import { qrCode } from '../demo/qr-code.ts'
import { testIssuer } from '../demo/test-issuer.ts'
import { readBounded } from './bounded-file.ts'
import { type CommandResult, exitCodes } from './exit-codes.ts'
import { table } from './table.ts'

interface IssueOptions {
  out: string
  keys?: string
  lenient?: boolean
}

/** `vidimus issue <description.yaml…>`: test credentials of every format, for authors and trainers. */
export function addIssue(program: Command, result: CommandResult): void {
  program
    .command('issue')
    .description(
      `issues test credentials from descriptions in YAML, as text and as QR code, under keys that this program makes; each says TEST. Formats: ${Object.keys(contentShapes).join(', ')}`,
    )
    .argument('<file...>', 'descriptions; - reads standard input')
    .option('--out <folder>', 'where the codes are written', '.')
    .option(
      '--keys <folder>',
      'where the keys are kept and made (default: DATA_DIR, whose keys a development server trusts)',
    )
    .option('--lenient', 'issue also what departs from its format, for tests of verifiers')
    .action(async (files: string[], options: IssueOptions) => {
      if (!(await issueAll(files, options))) result.exitCode = exitCodes.negative
    })
}

interface Issued {
  name: string
  format: string
  code: string
}

async function issueAll(files: string[], options: IssueOptions): Promise<boolean> {
  const now = new Date()
  const keys = resolve(options.keys ?? readConfig().dataDir)
  const issuer = testIssuer(keys, now)
  await mkdir(options.out, { recursive: true })
  const rows: string[][] = []
  const names = new Set<string>()
  let isGood = true
  for (const file of files) {
    try {
      const { name, format, code } = await issueOne(file, { issuer, now, ...options })
      if (names.has(name)) throw new DescriptionError([`another description is called ${name}, too`])
      names.add(name)
      const written = await writeCode(join(options.out, name), code)
      rows.push([name, format, `${code.length} characters`, written])
    } catch (error) {
      if (!(error instanceof DescriptionError)) throw error
      isGood = false
      console.error(errorText(error).replaceAll(/^/gm, `${file}: `))
    }
  }
  if (rows.length === 0) return isGood
  const lists = join(options.out, 'trust-lists.json')
  await writeFile(lists, `${JSON.stringify(demoTrustSources(keys, now), null, 2)}\n`)
  console.log(table([['NAME', 'FORMAT', 'LENGTH', 'WRITTEN'], ...rows]))
  console.log(
    `\nThe codes are in ${relative('', options.out) || '.'}. ${
      options.keys === undefined
        ? 'A development server with this DATA_DIR trusts them; any other does'
        : 'A server trusts them'
    } with TRUST_LISTS=${resolve(lists)}`,
  )
  return isGood
}

async function issueOne(
  file: string,
  given: Parameters<typeof issueDescription>[1] & Pick<IssueOptions, 'lenient'>,
): Promise<Issued> {
  const name = file === '-' ? undefined : nameOf(file)
  const read = readDescription((await readBounded(file, MOST_BYTES)).toString('utf8'))
  const code = await issueDescription(read, given)
  const { format } = read.description
  const faults = given.lenient ? [] : faultsOf(code)
  if (faults.length > 0)
    throw new DescriptionError(
      faults.map((fault) => `${read.placeOf(['content'])}: ${format}: ${fault} (--lenient issues it all the same)`),
    )
  return { name: name ?? format, format, code }
}

/** Descriptions have fewer characters, of four bytes at most. */
const MOST_BYTES = 1_000_000

/** The name of the codes, in the folder that was asked for: that of the description without its ending. */
function nameOf(file: string): string {
  const name = basename(file).replace(/\.[^.]+$/, '')
  // Dots alone are a folder: the codes would be written beside the one that was asked for.
  if (/^\.*$/.test(name))
    throw new DescriptionError(['its name has nothing before the ending, by which the codes could be called'])
  return name
}

/** What a reader would find wrong with a credential of its own making; a link that nobody signed has no content to look at. */
function faultsOf(code: string): string[] {
  const decoded = decodeCredential([code], credentialFormats, defaultLimits)
  if (!('check' in decoded)) return decoded.format === 'hcert-link' ? [] : decoded.remarks
  return decoded.link ? [] : [decoded.detail]
}

/** Writes the text and the picture of a code; tells which files. */
async function writeCode(path: string, code: string): Promise<string> {
  await writeFile(`${path}.txt`, `${code}\n`)
  const picture = await qrCode(code)
  if (!picture) return 'txt; too long for a QR code'
  await writeFile(`${path}.svg`, picture.svg)
  await writeFile(`${path}.png`, picture.png)
  return `txt, svg, png (error correction ${picture.errorCorrection})`
}
