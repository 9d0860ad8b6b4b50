/** Texts of the scanner: camera, pictures, and why there is nothing to see. */
export const scan = {
  title: 'Scan a code',
  openCamera: 'Open camera',
  preview: 'Picture of the camera',
  closeCamera: 'Close camera',
  opening: 'Opening the camera…',
  cameraOpen: 'Camera open',
  cameraClosed: 'Camera closed',
  codeFound: 'Code found',
  paused: 'Paused while a verdict is shown',
  next: 'Scan the next code',
  sights: {
    starting: 'Starting the scanner…',
    nothing: 'Hold the code inside the frame',
    unread: 'Hold it closer: the code can be seen but not read',
    read: 'Code read',
  },
  turnLightOn: 'Turn light on',
  turnLightOff: 'Turn light off',
  lightOn: 'Light on',
  lightOff: 'Light off',
  lightFails: 'The light cannot be changed',
  camera: 'Camera',
  cameraNumber: 'Camera {n}',
  zoom: 'Zoom',
  rests: {
    insecure: {
      head: 'A camera needs https',
      hint: 'Away from localhost a browser gives a page a camera only over https. You can choose a picture or PDF, paste the text of the code, or use a hardware scanner.',
    },
    unsupported: {
      head: 'This browser gives no camera',
      hint: 'You can choose a picture or PDF, paste the text of the code, or use a hardware scanner.',
    },
    refused: {
      head: 'The camera is not allowed',
      hint: 'Allow it in the browser’s settings for this page, and in those of the system. Then open it again.',
    },
    absent: {
      head: 'No camera was found',
      hint: 'Connect one, or choose a picture or PDF, paste the text of the code, or use a hardware scanner.',
    },
    taken: {
      head: 'The camera gives no picture',
      hint: 'Another program may be using it. Close that program, then open the camera again.',
    },
    ended: {
      head: 'The camera was disconnected',
      hint: 'Connect it, or allow it again, then open it.',
    },
    hidden: {
      head: 'The camera was closed',
      hint: 'It is closed whenever this page is not in view.',
    },
    broken: {
      head: 'The scanner stopped',
      hint: 'Its program could not be loaded, or it broke. Check the network, then open the camera again.',
    },
  },
  choose: 'Choose a picture or PDF',
  dropHint:
    'Or drop it anywhere on this page, or paste it. Pictures are read in this browser; a PDF, and a picture that cannot be read here, is read by the server, which keeps nothing of it.',
  dropHere: 'Drop the picture or PDF',
  reading: 'Reading the picture…',
  troubles: {
    none: {
      head: 'No code was found on this picture',
      hint: 'Take it from closer, in even light and without folds, or give it as PNG or JPEG.',
    },
    unread: {
      head: 'Not every code on this picture can be read',
      hint: 'So none of it is used. Take it from closer, in even light and without folds.',
    },
    unknown: {
      head: 'This file is no picture and no PDF',
      hint: 'PNG, JPEG, WebP and PDF are read, and what else this browser can show.',
    },
    broken: {
      head: 'This file is broken',
      hint: 'It begins like a picture and cannot be decoded. Save or send it once more.',
    },
    huge: {
      head: 'This picture is too large',
      hint: 'At most 100 megapixels and 60 MB are read.',
    },
    large: {
      head: 'This file is too large for the server',
      hint: 'A PDF, or a picture that cannot be read here, may have 10 MB at most.',
    },
    slow: {
      head: 'This picture takes too long to read',
      hint: 'Cut out the code and give that part alone.',
    },
    failed: {
      head: 'The scanner could not be started',
      hint: 'Check the network, then give the picture again.',
    },
    several: {
      head: 'Not all of these files can be read together',
      hint: 'So none is used. Give them one at a time.',
    },
    many: {
      head: 'These are too many files',
      hint: 'At most 10 are read at a time.',
    },
  },
}
