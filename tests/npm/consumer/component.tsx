// A component of React 19: what compiles with the package's types, and what must not.
import type {} from "vitrine-widget/react";

export const component = (
  <model-widget
    model="org/name"
    task="text-classification"
    loading="visible"
    cores="2"
    className="wide"
    onoutput={({ detail }) => console.log(detail.elapsed)}
    ref={(widget) => console.log(widget?.readyState)}
  >
    What shows without script
  </model-widget>
);

// @ts-expect-error: there is no such value
export const wrong = <model-widget model="org/name" loading="soon" />;
// @ts-expect-error: there is no such attribute
export const unknown = <model-widget modle="org/name" />;
