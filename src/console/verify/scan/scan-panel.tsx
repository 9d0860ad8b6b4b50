/** The scanner: a camera, and pictures that somebody drops, pastes or chooses. */

import { useRef } from 'preact/hooks'
import { texts } from '../../languages/languages.ts'
import { Icon } from '../../parts/icon.tsx'
import { Notice } from '../../parts/notice.tsx'
import { CameraBox } from './camera-box.tsx'
import { type PictureReceivers, type PictureTrouble, usePictures } from './use-pictures.ts'

/** What the scanner gives, and when it is to be quiet. */
export interface ScanPanelProps extends PictureReceivers {
  /**
   * Codes that were not told before, as the raw texts that `$evaluate` takes (bytes that are no text as the characters 0 to 255): those of one
   * look of the camera, or all of the pictures that somebody gave.
   */
  onCodes: (texts: string[]) => void
  /** A picture or PDF of at most 10 MB in which nothing, or not all, could be read here: for `credentialImage`. */
  onPicture: (bytes: Uint8Array, contentType: string) => void
  /** While true the camera stays open and tells nothing; a code that stays in sight is no news afterwards. Pictures are read all the same. */
  paused: boolean
  /** Makes room for the next code, while it is paused for a verdict that stands. */
  onNext?: (() => void) | undefined
}

/** Reads codes and tells them; keeps nothing. */
export function ScanPanel({ onBegin, onCodes, onPicture, paused, onNext }: ScanPanelProps) {
  const { scan } = texts()
  const pictures = usePictures({ onBegin, onCodes, onPicture })
  return (
    <section class="scan" aria-label={scan.title}>
      <CameraBox onCodes={onCodes} paused={paused} onNext={onNext} />
      <div class="scan-file">
        <FileButton take={pictures.take} />
        <p class="hint">{scan.dropHint}</p>
        {pictures.state === 'reading' && <p class="waiting">{scan.reading}</p>}
        {pictures.state !== 'idle' && pictures.state !== 'reading' && <TroubleNotice trouble={pictures.state} />}
      </div>
      {pictures.isOver && (
        <div class="scan-drop">
          <Icon name="file" size={48} />
          <p>{scan.dropHere}</p>
        </div>
      )}
    </section>
  )
}

function FileButton({ take }: { take: (files: readonly File[]) => void }) {
  const { scan } = texts()
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <button type="button" class="quiet" onClick={() => input.current?.click()}>
        <Icon name="file" />
        {scan.choose}
      </button>
      <input
        ref={input}
        type="file"
        class="scan-input"
        accept="image/*,application/pdf"
        multiple
        tabIndex={-1}
        aria-hidden="true"
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])]
          // The same file can be chosen again, and the page holds on to none.
          currentTarget.value = ''
          if (files.length > 0) take(files)
        }}
      />
    </>
  )
}

function TroubleNotice({ trouble }: { trouble: PictureTrouble }) {
  const { head, hint } = texts().scan.troubles[trouble]
  return (
    <Notice kind="open" isAlert head={head}>
      <p>{hint}</p>
    </Notice>
  )
}
