// The type of <model-widget> in JSX, for React 19: `import type {} from "vitrine-widget/react"`.

import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { ModelWidget, ModelWidgetAttributes, ModelWidgetEventMap } from "./model-widget.js";

/** React takes `on` and an event's name for its listener. */
type Listeners = {
  [Name in keyof ModelWidgetEventMap as `on${Name}`]?: (event: ModelWidgetEventMap[Name]) => void;
};

/** React's own listeners of these names are for other elements. */
type Plain = Omit<HTMLAttributes<ModelWidget>, keyof ModelWidgetAttributes>;

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "model-widget": DetailedHTMLProps<Plain & ModelWidgetAttributes & Listeners, ModelWidget>;
    }
  }
}
