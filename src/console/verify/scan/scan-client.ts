/** The page's side of the scanner: a worker for as long as there is something to look at, and nothing of it afterwards. */
import type { FileOutcome, FromScanWorker, ToScanWorker } from './scan-messages.ts'
import { startScanWorker } from './worker-address.ts'

/** What a file became, or why the scanner did not say: `slow`, or it could not be started. */
export type FileReading = FileOutcome | { kind: 'slow' | 'failed' }

/** Milliseconds for one file. */
const patience = 30_000

/** Reads a file in a worker of its own. @param signal ends it; the answer is `slow` then */
export async function readFileInWorker(file: Blob, signal: AbortSignal): Promise<FileReading> {
  const { post, end } = openScanner()
  let late: ReturnType<typeof setTimeout> | undefined
  try {
    const answer = await new Promise<FromScanWorker | undefined>((take) => {
      if (signal.aborted) take(undefined)
      signal.addEventListener('abort', () => take(undefined), { once: true })
      late = setTimeout(() => take(undefined), patience)
      void post({ kind: 'file', file }).then(take)
    })
    if (!answer) return { kind: 'slow' }
    return answer.kind === 'file' ? answer.outcome : { kind: 'failed' }
  } finally {
    clearTimeout(late)
    end()
  }
}

/** A worker that is asked one thing at a time. */
export interface Scanner {
  /** Asks, and gives the answer; `failed` when the worker broke. */
  post(message: ToScanWorker): Promise<FromScanWorker>
  /** Ends the worker; what was asked and not answered is forgotten. */
  end(): void
}

/** Starts a worker. */
export function openScanner(): Scanner {
  const worker = startScanWorker()
  let isBroken = false
  let take: ((answer: FromScanWorker) => void) | undefined
  const answer = (message: FromScanWorker) => {
    take?.(message)
    take = undefined
  }
  const breakDown = () => {
    isBroken = true
    answer({ kind: 'failed' })
  }
  worker.onmessage = ({ data }: MessageEvent<FromScanWorker>) => answer(data)
  worker.onmessageerror = breakDown
  worker.onerror = (event) => {
    event.preventDefault()
    breakDown()
  }
  return {
    post(message) {
      return new Promise((resolve) => {
        if (isBroken) return resolve({ kind: 'failed' })
        take = resolve
        worker.postMessage(message, message.kind === 'frame' ? [message.frame] : [])
      })
    },
    end() {
      worker.terminate()
      take = undefined
    },
  }
}
