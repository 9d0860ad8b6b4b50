import type { Texts } from '../texts.ts'

/** Texts of the scanner: camera, pictures, and why there is nothing to see. */
export const scan: Texts['scan'] = {
  title: 'Escanear un código',
  openCamera: 'Abrir la cámara',
  preview: 'Imagen de la cámara',
  closeCamera: 'Cerrar la cámara',
  opening: 'Abriendo la cámara…',
  cameraOpen: 'Cámara abierta',
  cameraClosed: 'Cámara cerrada',
  codeFound: 'Código encontrado',
  paused: 'En pausa mientras se muestra un veredicto',
  next: 'Leer el código siguiente',
  sights: {
    starting: 'Iniciando el lector…',
    nothing: 'Sostenga el código dentro del marco',
    unread: 'Acérquelo: el código se ve, pero no se puede leer',
    read: 'Código leído',
  },
  turnLightOn: 'Encender la luz',
  turnLightOff: 'Apagar la luz',
  lightOn: 'Luz encendida',
  lightOff: 'Luz apagada',
  lightFails: 'La luz no se puede cambiar',
  camera: 'Cámara',
  cameraNumber: 'Cámara {n}',
  zoom: 'Zoom',
  rests: {
    insecure: {
      head: 'La cámara necesita https',
      hint: 'Fuera de localhost, un navegador solo da la cámara a una página por https. Puede elegir una imagen o un PDF, pegar el texto del código o usar un lector de códigos.',
    },
    unsupported: {
      head: 'Este navegador no da ninguna cámara',
      hint: 'Puede elegir una imagen o un PDF, pegar el texto del código o usar un lector de códigos.',
    },
    refused: {
      head: 'La cámara no está permitida',
      hint: 'Permítala en los ajustes del navegador para esta página y en los del sistema. Después ábrala de nuevo.',
    },
    absent: {
      head: 'No se encontró ninguna cámara',
      hint: 'Conecte una, o elija una imagen o un PDF, pegue el texto del código o use un lector de códigos.',
    },
    taken: {
      head: 'La cámara no da imagen',
      hint: 'Puede que otro programa la esté usando. Ciérrelo y abra la cámara de nuevo.',
    },
    ended: {
      head: 'La cámara se desconectó',
      hint: 'Conéctela o permítala de nuevo y ábrala.',
    },
    hidden: {
      head: 'La cámara se cerró',
      hint: 'Se cierra siempre que esta página no está a la vista.',
    },
    broken: {
      head: 'El lector se detuvo',
      hint: 'Su programa no se pudo cargar o falló. Compruebe la red y abra la cámara de nuevo.',
    },
  },
  choose: 'Elegir una imagen o un PDF',
  dropHint:
    'O suéltelo en cualquier lugar de esta página, o péguelo. Las imágenes se leen en este navegador; un PDF, o una imagen que aquí no se puede leer, lo lee el servidor, que no guarda nada de él.',
  dropHere: 'Suelte la imagen o el PDF',
  reading: 'Leyendo la imagen…',
  troubles: {
    none: {
      head: 'No se encontró ningún código en esta imagen',
      hint: 'Tómela más de cerca, con luz uniforme y sin pliegues, o entréguela como PNG o JPEG.',
    },
    unread: {
      head: 'No se pueden leer todos los códigos de esta imagen',
      hint: 'Por eso no se usa nada de ella. Tómela más de cerca, con luz uniforme y sin pliegues.',
    },
    unknown: {
      head: 'Este archivo no es una imagen ni un PDF',
      hint: 'Se leen PNG, JPEG, WebP y PDF, y lo demás que este navegador sabe mostrar.',
    },
    broken: {
      head: 'Este archivo está dañado',
      hint: 'Empieza como una imagen y no se puede descodificar. Guárdelo o envíelo otra vez.',
    },
    huge: {
      head: 'Esta imagen es demasiado grande',
      hint: 'Se leen como máximo 100 megapíxeles y 60 MB.',
    },
    large: {
      head: 'Este archivo es demasiado grande para el servidor',
      hint: 'Un PDF, o una imagen que aquí no se puede leer, puede tener 10 MB como máximo.',
    },
    slow: {
      head: 'Leer esta imagen tarda demasiado',
      hint: 'Recorte el código y entregue solo esa parte.',
    },
    failed: {
      head: 'El lector no se pudo iniciar',
      hint: 'Compruebe la red y entregue la imagen de nuevo.',
    },
    several: {
      head: 'No todos estos archivos se pueden leer juntos',
      hint: 'Por eso no se usa ninguno. Entréguelos de uno en uno.',
    },
    many: {
      head: 'Son demasiados archivos',
      hint: 'Se leen como máximo 10 a la vez.',
    },
  },
}
