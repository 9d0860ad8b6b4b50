import type { Command } from 'commander'
import { jwkThumbprint } from '../../base/crypto/jwk-thumbprint.ts'
import { readConfig } from '../../config.ts'
import { revocationReasons } from '../../provenance/signature/own-keys.ts'
import { createServer } from '../../server.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'

interface Options {
  at?: string
  reason: string
  json?: boolean
}

/** `vidimus keys revoke`: withdraws a signing key, and signs again by the current one what is active. */
export function addRevokeKey(keys: Command, result: CommandResult): void {
  keys
    .command('revoke')
    .description(
      'withdraws a signing key of this server (docs/provenance.md): marks it, tells it in an AuditEvent, and signs again by the current key every active artefact; exit status 1 when there is no key that signs now',
    )
    // One key id in 64 begins with a hyphen, and none is an option.
    .allowUnknownOption()
    .helpOption('--help', 'display help for command')
    .argument('<kid>', 'its key id, as `vidimus keys` prints it, or its thumbprint (RFC 7638)')
    .option('--at <instant>', 'since when; now by default')
    .option('--reason <reason>', revocationReasons.join(', '), 'keyCompromise')
    // `--json` is that of `keys`.
    .action(async (kid: string, _own: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const reason = revocationReasons.find((each) => each === options.reason)
      if (!reason) command.error(`error: --reason is ${revocationReasons.join(', ')}`)
      const at = options.at === undefined ? new Date() : new Date(options.at)
      if (Number.isNaN(at.getTime()) || at.getTime() > Date.now())
        command.error('error: --at is an instant that is not to come, such as 2026-01-31T12:00:00Z')
      const server = await createServer(readConfig())
      try {
        const names = ({ keyId, publicKey }: { keyId: string; publicKey: Parameters<typeof jwkThumbprint>[0] }) => [
          keyId,
          jwkThumbprint(publicKey),
        ]
        const key = server.signing.all().find((each) => names(each).includes(kid.replace(/^did:[^#]*#/, '')))
        if (!key)
          command.error(
            'error: this server has no signing key of that id; one that signs no more is named by SIGNING_CERTIFICATE_RETIRED',
          )
        const { revocation, hasCurrent, signed, unchanged, changed } = await server.signed.revoke(key, { at, reason })
        if (options.json)
          console.log(JSON.stringify({ keyId: key.keyId, ...revocation, hasCurrent, signed, unchanged, changed }))
        else {
          console.log(`${key.keyId} is withdrawn since ${revocation.at} (${revocation.reason}).`)
          console.log(`${signed} active artefacts signed again, ${unchanged} were signed already.`)
        }
        if (changed > 0) {
          console.error(
            `${changed} active artefacts are not what that key signed, and were not signed again: see $verify-signature, and publish them anew.`,
          )
          result.exitCode = exitCodes.negative
        }
        if (hasCurrent) return
        console.error(
          'No key signs now: set SIGNING_KEY to a new one, SIGNING_CERTIFICATE_RETIRED to the certificate of this one, and run the command again.',
        )
        result.exitCode = exitCodes.negative
      } finally {
        await server.close()
      }
    })
}
