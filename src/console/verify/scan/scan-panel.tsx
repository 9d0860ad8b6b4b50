/** Camera and files. */

/** What the scanner tells, and when it is to stop. */
interface ScanPanelProps {
  onCodes: (texts: string[]) => void
  onPicture: (bytes: Uint8Array, contentType: string) => void
  paused: boolean
}

/** Camera and files as sources of codes. */
export function ScanPanel(_props: ScanPanelProps) {
  return null
}
