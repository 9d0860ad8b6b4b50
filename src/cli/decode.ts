import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { defaultLimits } from '../credentials/credential-format.ts'
import { credentialFormats } from '../credentials/credentials.ts'
import { decodeCredential } from '../credentials/decoded.ts'
import { readClock } from '../evaluate/request.ts'
import { verifyCredential } from '../evaluate/verify/verify.ts'
import { loadConfiguredTrust } from '../server/trust.ts'
import { type CommandResult, exitCodes } from './exit-codes.ts'
import { readCredential } from './read-credential.ts'
import { terminalText } from './table.ts'

interface DecodeOptions {
  text?: string[]
  verify?: boolean
  at?: string
}

/** `vidimus decode <file|->`: what a credential says as JSON, for authors of maps and rules. */
export function addDecode(program: Command, result: CommandResult): void {
  const decode = program.command('decode')
  decode
    .description(
      'prints what a credential says as JSON, as maps and rules read it, without verifying it; exit status 0 decoded, 1 not readable, 2 wrong use; with --verify 4 when it is not VERIFIED',
    )
    .argument('[file...]', 'file that holds the text, or - for standard input; several for a chunked SMART Health Card')
    .option(
      '--text <text>',
      'the text itself (repeatable); others on this machine may see it',
      (text, all: string[] = []) => [...all, text],
    )
    .option('--verify', 'verify it by the configured trust lists, too')
    .option('--at <dateTime>', 'the clock of --verify, instead of now')
    .action(async (files: string[], options: DecodeOptions) => {
      if (files.length > 0 === (options.text !== undefined)) decode.error('error: a file, or --text, is needed')
      if (options.at !== undefined && !options.verify) decode.error('error: --at goes with --verify')
      const inputs = await Promise.all(files.map(readCredential))
      const texts = inputs.flatMap((each) => ('text' in each ? [each.text] : []))
      if (texts.length < inputs.length) decode.error('error: a picture is read by `evaluate --explain --show-content`')
      result.exitCode = await decodeTexts(options.text ?? texts, options)
    })
}

async function decodeTexts(texts: string[], options: DecodeOptions): Promise<number> {
  const decoded = decodeCredential(texts, credentialFormats, defaultLimits)
  if ('check' in decoded) {
    console.error(`not decoded: ${decoded.check}: ${decoded.detail} (${decoded.status})`)
    return exitCodes.negative
  }
  if (!options.verify) {
    console.error('not verified: anybody may have made this')
    console.log(terminalText(JSON.stringify({ verified: false, ...decoded }, null, 2)))
    return exitCodes.done
  }
  const clock = options.at === undefined ? new Date() : readClock(options.at)
  const trust = await loadConfiguredTrust(readConfig())
  const given = { formats: credentialFormats, keys: trust.keys(), revocations: trust.revocations(), clock }
  const { status, checks } = await verifyCredential(texts, given)
  const verified = status === 'VERIFIED'
  if (!verified) console.error(`not verified: ${status}`)
  console.log(terminalText(JSON.stringify({ verified, status, checks, ...decoded }, null, 2)))
  return verified ? exitCodes.done : exitCodes.unverified
}
