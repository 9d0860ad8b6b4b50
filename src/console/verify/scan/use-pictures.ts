/** Pictures and PDFs that somebody drops anywhere on the page, pastes or chooses. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { texts } from '../../languages/languages.ts'
import { say } from '../../parts/say.ts'
import { type FileReading, readFileInWorker } from './scan-client.ts'

/** Why nothing came of what was given. */
export type PictureTrouble = Exclude<FileReading['kind'], 'codes' | 'server'> | 'several' | 'many'

/** Where reading stands. */
export interface Pictures {
  state: 'idle' | 'reading' | PictureTrouble
  /** A file is held over the page. */
  isOver: boolean
  /** Reads files; what was being read before is given up. */
  take(files: readonly File[]): void
}

/** What becomes of pictures. */
export interface PictureReceivers {
  /** Told before files are read. @returns aborts when nobody wants to know any more what is on them */
  onBegin: () => AbortSignal
  onCodes: (texts: string[]) => void
  onPicture: (bytes: Uint8Array, contentType: string) => void
}

/** Most files at a time: the codes of all are asked about together. */
const mostFiles = 10

/** Reads what is dropped, pasted and chosen while the component is shown. */
export function usePictures(receivers: PictureReceivers): Pictures {
  const [state, setState] = useState<Pictures['state']>('idle')
  const latest = useRef(receivers)
  latest.current = receivers
  const reading = useRef<AbortController | undefined>(undefined)
  const take = async (files: readonly File[]) => {
    reading.current?.abort()
    const controller = new AbortController()
    reading.current = controller
    latest.current.onBegin().addEventListener('abort', () => {
      if (reading.current !== controller) return
      controller.abort()
      setState('idle')
    })
    setState('reading')
    say(texts().scan.reading)
    const outcome = await readAll(files, controller.signal)
    // Somebody gave others meanwhile, or left.
    if (controller.signal.aborted) return
    const isRead = outcome.kind === 'codes' || outcome.kind === 'server'
    setState(isRead ? 'idle' : outcome.kind)
    if (outcome.kind === 'codes') {
      say(texts().scan.codeFound)
      latest.current.onCodes(outcome.texts)
    } else if (outcome.kind === 'server') latest.current.onPicture(outcome.bytes, outcome.contentType)
  }
  useEffect(() => () => reading.current?.abort(), [])
  const isOver = useGiven((files) => void take(files))
  return { state, isOver, take: (files) => void take(files) }
}

/** All files: their codes together when each could be read here; nothing of them otherwise, for the one that could not may be the one that says no. */
async function readAll(
  files: readonly File[],
  signal: AbortSignal,
): Promise<FileReading | { kind: 'several' | 'many' }> {
  if (files.length > mostFiles) return { kind: 'many' }
  const codes: string[] = []
  for (const file of files) {
    const outcome = await readFileInWorker(file, signal)
    if (files.length === 1) return outcome
    if (outcome.kind === 'failed') return outcome
    if (outcome.kind !== 'codes') return { kind: 'several' }
    codes.push(...outcome.texts)
  }
  return { kind: 'codes', texts: [...new Set(codes)] }
}

const hasFiles = (data: DataTransfer | null): data is DataTransfer => data?.types.includes('Files') === true

/** Listens on the whole page. @returns whether files are held over it */
function useGiven(take: (files: File[]) => void): boolean {
  const [isOver, setOver] = useState(false)
  const latest = useRef(take)
  latest.current = take
  useEffect(() => {
    const controller = new AbortController()
    const options = { signal: controller.signal }
    const over = (event: DragEvent) => {
      if (!hasFiles(event.dataTransfer)) return
      // Without this the browser would open the file in the place of the page.
      event.preventDefault()
      event.dataTransfer.dropEffect = 'copy'
      setOver(true)
    }
    addEventListener('dragenter', over, options)
    addEventListener('dragover', over, options)
    addEventListener('dragleave', (event) => event.relatedTarget === null && setOver(false), options)
    addEventListener('dragend', () => setOver(false), options)
    addEventListener(
      'drop',
      (event) => {
        setOver(false)
        if (!hasFiles(event.dataTransfer)) return
        event.preventDefault()
        latest.current([...event.dataTransfer.files])
      },
      options,
    )
    addEventListener(
      'paste',
      (event) => {
        const { clipboardData } = event
        const files = [...(clipboardData?.files ?? [])]
        // What programs copy as a text and a picture of it is a text.
        if (files.length === 0 || clipboardData?.getData('text/plain')) return
        event.preventDefault()
        latest.current(files)
      },
      options,
    )
    return () => controller.abort()
  }, [])
  return isOver
}
