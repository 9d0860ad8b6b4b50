/** What a server tells its operator, a line each. Nothing of a request is in it but its id; nothing of a person is in anything. */
import { lineWriter } from '../../base/line-writer.ts'
import type { FrontConfig, LogLevel } from '../../config/front-settings.ts'
import type { AccessLog } from '../../http/audit/access-log.ts'

const logLevels: readonly LogLevel[] = ['error', 'warn', 'info', 'debug']

/** Takes a line. */
export type Tell = (text: string, level?: LogLevel) => void

/** The lines of one server. */
export interface Log {
  tell: Tell
  /** An error that nobody expected, with its stack, under the id of its request. */
  error(entry: { requestId: string; error: unknown }): void
  /** Takes what was answered, where that is logged. */
  access: AccessLog | undefined
  flush(): void
}

/** How lines are written. */
type LogSettings = Pick<FrontConfig, 'logLevel' | 'logFormat'> & { accessLog: boolean }

/** Lines to standard error, those of the access log to standard output, many in one go. */
export function createLog(
  { logLevel, logFormat, accessLog }: LogSettings,
  now: () => Date,
  streams: { out(text: string): void; err(text: string): void } = standard,
): Log {
  const accessLines = lineWriter(streams.out)
  const mostDetailed = logLevels.indexOf(logLevel)
  const write = (level: LogLevel, text: string, more: object = {}) => {
    if (logLevels.indexOf(level) > mostDetailed) return
    const line = logFormat === 'text' ? text : JSON.stringify({ time: now().toISOString(), level, ...more, text })
    streams.err(`${line}\n`)
  }
  return {
    tell: (text, level = 'info') => write(level, text),
    error({ requestId, error }) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      write('error', logFormat === 'text' ? `${requestId} ${text}` : text, { requestId })
    },
    access: accessLog
      ? (entry) => accessLines.line(JSON.stringify({ time: now().toISOString(), ...entry }))
      : undefined,
    flush: accessLines.flush,
  }
}

const standard = {
  out: (text: string) => void process.stdout.write(text),
  err: (text: string) => void process.stderr.write(text),
}
