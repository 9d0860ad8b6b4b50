/** The browser's own reader of QR codes (Shape Detection API), where there is one: it may read what another cannot. */

interface NativeDetector {
  detect(picture: ImageBitmap): Promise<readonly { rawValue: string }[]>
}

interface NativeDetectorClass {
  new (options: { formats: string[] }): NativeDetector
  getSupportedFormats(): Promise<readonly string[]>
}

/** Reads QR codes; never throws. */
export type NativeReader = (picture: ImageBitmap) => Promise<string[]>

/**
 * What such a reader says of bytes that are no text is not known, so only texts of letters, digits and signs of ASCII count: everything else
 * is read by ours.
 */
const isPlain = (text: string) => /^[\x20-\x7e]+$/.test(text)

const isClass = (value: unknown): value is NativeDetectorClass =>
  typeof value === 'function' && 'getSupportedFormats' in value

/** The reader; undefined where the browser has none for QR codes, or where it does not work. */
export async function nativeReader(): Promise<NativeReader | undefined> {
  const found: unknown = Reflect.get(globalThis, 'BarcodeDetector')
  if (!isClass(found)) return undefined
  try {
    if (!(await found.getSupportedFormats()).includes('qr_code')) return undefined
    const detector = new found({ formats: ['qr_code'] })
    return async (picture) => {
      try {
        return (await detector.detect(picture)).map(({ rawValue }) => rawValue).filter(isPlain)
      } catch {
        // Some browsers have the interface and nothing behind it.
        return []
      }
    }
  } catch {
    return undefined
  }
}
