// Components.
